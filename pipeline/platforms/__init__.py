"""The six platforms, one folder each: ``requests`` (what to ask), ``payload`` (their shape), ``convert`` (ours)."""
