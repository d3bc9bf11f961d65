"""Runs Bleep in containers, and checks their health."""
