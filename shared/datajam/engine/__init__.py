"""Notebooks executed without a kernel: `inside` is papermill's engine, `pool` gives each a fresh process, `kernels` are beside."""
