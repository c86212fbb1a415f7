-- Whoever opens a run has written to the runs before it looks for its catalogue: nobody is in between while this holds.
LOCK TABLE {{runs}} IN SHARE MODE
