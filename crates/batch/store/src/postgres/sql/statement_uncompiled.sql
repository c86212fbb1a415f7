-- Before anything that is planned: where the role's settings ask for it, each statement would be compiled.
SET LOCAL jit = off
