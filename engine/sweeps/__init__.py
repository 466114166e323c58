"""Sweeps where addresses count their sends: what clients paid in goes to the hot address, from
which withdrawals are paid, and addresses that have nothing for the network's fee get some. Nothing
here signs: what is opened is paid by the sender like anything else."""
