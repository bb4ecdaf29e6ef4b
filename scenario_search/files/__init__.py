"""The files of assets: downloads and what they are named."""
