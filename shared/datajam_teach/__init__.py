"""What only teaching needs: data made from known parameters. Generated projects do not carry it."""
