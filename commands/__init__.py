"""The commands of `cashier`, a module each; cashier.py names them and wires nothing else."""
