"""Who did and who saw what: the security log, the record of reading, and the chain that shows tampering. Imports no
other app.
"""
