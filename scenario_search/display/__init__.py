"""How hits and pages look, as text and as HTML."""
