-- What the last statement of this session was warned of, by level, code and words. Not to be prepared: that is a statement too.
SHOW WARNINGS
