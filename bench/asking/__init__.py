"""People who are asked to take alerts on, in `make chaos`: their plans, their telephones, and the rules that must
hold.
"""
