"""What a team keeps beside its work: fetched files, the codebook, the log, the handover, what is still open."""
