"""From a connector's pages to a split: ingest, resolve, render, split."""
