"""What a model gives away of the incidents that it learned from, and what limits that."""
