"""A plugin for sftsec with a thing of most kinds: copy it to start your own."""
