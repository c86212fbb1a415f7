-- Publications that carry the updates or deletes of the tables asked for, a row for each of these tables or, of a partitioned one,
-- for each part: the server looks for the replica identity there. The view says of every version which tables a publication
-- carries; a part is carried by what it is listed as, or by what it is a part of. Column lists and row filters exist since version
-- 15, and are asked for through jsonb, which does not mind their absence.
WITH RECURSIVE family AS (
    SELECT wanted.place, c.oid AS relation
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (schema_name, table_name, place)
    JOIN pg_namespace AS n ON n.nspname = wanted.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.table_name
    UNION
    SELECT family.place, i.inhrelid
    FROM family
    JOIN pg_inherits AS i ON i.inhparent = family.relation
), line AS (
    SELECT family.place, c.oid AS leaf, c.oid AS relation
    FROM family
    JOIN pg_class AS c ON c.oid = family.relation AND c.relkind = 'r'
    UNION
    SELECT line.place, line.leaf, i.inhparent
    FROM line
    JOIN pg_class AS part ON part.oid = line.relation AND part.relispartition
    JOIN pg_inherits AS i ON i.inhrelid = part.oid
), carried AS (
    SELECT line.place, line.leaf, line.relation, p.oid AS publication, p.pubname, p.pubupdate, p.pubdelete, p.pubviaroot,
        to_jsonb(t) -> 'attnames' AS listed
    FROM line
    JOIN pg_class AS c ON c.oid = line.relation
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_publication_tables AS t ON t.schemaname = n.nspname AND t.tablename = c.relname
    JOIN pg_publication AS p ON p.pubname = t.pubname AND (p.pubupdate OR p.pubdelete)
), identity AS (
    SELECT leaf.oid AS leaf, leaf.relreplident = 'f' OR x.indexrelid IS NOT NULL AS usable,
        ARRAY(
            SELECT a.attname::text
            FROM pg_attribute AS a
            WHERE a.attrelid = leaf.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
              AND (leaf.relreplident = 'f' OR a.attnum = ANY (x.indkey::smallint[]))
        ) AS columns
    FROM pg_class AS leaf
    LEFT JOIN pg_index AS x ON x.indrelid = leaf.oid AND x.indisvalid AND x.indimmediate AND x.indisunique
        AND CASE leaf.relreplident WHEN 'd' THEN x.indisprimary WHEN 'i' THEN x.indisreplident ELSE false END
    WHERE leaf.oid IN (SELECT carried.leaf FROM carried)
)
SELECT carried.place, n.nspname::text, leaf.relname::text, carried.pubname::text, carried.pubupdate, carried.pubdelete,
    identity.usable,
    (
        SELECT i.relname::text
        FROM pg_index AS x
        JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE x.indrelid = carried.leaf AND x.indisunique AND x.indisvalid AND x.indimmediate AND x.indpred IS NULL AND x.indexprs IS NULL
          AND NOT EXISTS (
              SELECT FROM pg_attribute AS a
              WHERE a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey::smallint[]) AND NOT a.attnotnull
          )
        ORDER BY x.indisprimary DESC, i.relname
        LIMIT 1
    ),
    ARRAY(
        SELECT name
        FROM unnest(identity.columns) AS name
        WHERE carried.listed IS NOT NULL AND NOT carried.listed ? name
    ),
    ARRAY(
        SELECT DISTINCT a.attname::text
        FROM pg_publication_rel AS r
        CROSS JOIN regexp_matches(to_jsonb(r) ->> 'prqual', ':varattno (\d+)', 'g') AS used (number)
        JOIN pg_attribute AS a ON a.attrelid = r.prrelid AND a.attnum = used.number[1]::smallint
        WHERE r.prpubid = carried.publication AND r.prrelid = carried.relation
          AND (carried.pubviaroot OR carried.relation = carried.leaf) AND NOT a.attname::text = ANY (identity.columns)
        ORDER BY 1
    )
FROM carried
JOIN identity ON identity.leaf = carried.leaf
JOIN pg_class AS leaf ON leaf.oid = carried.leaf
JOIN pg_namespace AS n ON n.oid = leaf.relnamespace
ORDER BY carried.place, 2, 3, 4
