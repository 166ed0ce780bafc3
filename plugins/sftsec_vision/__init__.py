"""Pictures: a recipe for image inputs, beside text."""
