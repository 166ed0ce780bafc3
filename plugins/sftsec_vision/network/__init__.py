"""The only package of the plugin that imports torch."""
