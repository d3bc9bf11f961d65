"""Reads files of clinicians, CSV and XLSX: what a person sees in them, and what a program has changed in them."""
