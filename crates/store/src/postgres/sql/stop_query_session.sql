-- The DBA's own question changes nothing, and sees what its role sees.
SET TRANSACTION READ ONLY;
SET LOCAL row_security = on
