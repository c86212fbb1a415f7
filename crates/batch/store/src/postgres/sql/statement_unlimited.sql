-- First of all, or a limit that is preset for the role could end the statements that set the others.
SET LOCAL statement_timeout = 0
