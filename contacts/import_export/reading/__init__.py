"""Reads files of clinicians, CSV and XLSX: the texts that a person sees, and those that a program has changed."""
