-- As 0004_12_no_public, of our table in a second target.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {{fence}} FROM PUBLIC;
