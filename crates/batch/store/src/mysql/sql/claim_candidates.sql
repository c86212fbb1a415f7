-- The keys of the next users to claim, $4 at most, by a read that locks nothing: what it finds, claim_lock_users locks.
-- The index over the unsettled is (processing_status, crashes, user_id), and this reads nothing but it: with the crashes behind the
-- status a pass for suspects does not read the row of each of two million new users. Each number of crashes by itself, so that
-- it is read in key order and no further than wanted; of the last branch ($2 + 2 and more) there are few, and they are
-- sorted. They come after $1, and from $5 on; a bound that is
-- NULL is none. The empty text would be no such bound: in most collations here a line break or a tab sorts before it.
(SELECT user_id FROM {{input}} FORCE INDEX ({{unsettled}})
    WHERE processing_status = 'new' AND crashes = $2 AND ($1 IS NULL OR (user_id >= $1 AND user_id <> $1)) AND ($5 IS NULL OR user_id >= $5)
    ORDER BY user_id LIMIT $4)
UNION ALL
(SELECT user_id FROM {{input}} FORCE INDEX ({{unsettled}})
    WHERE processing_status = 'new' AND crashes = $2 + 1 AND $2 + 1 <= $3 AND ($1 IS NULL OR (user_id >= $1 AND user_id <> $1)) AND ($5 IS NULL OR user_id >= $5)
    ORDER BY user_id LIMIT $4)
UNION ALL
(SELECT user_id FROM {{input}} FORCE INDEX ({{unsettled}})
    WHERE processing_status = 'new' AND crashes >= $2 + 2 AND crashes <= $3 AND ($1 IS NULL OR (user_id >= $1 AND user_id <> $1)) AND ($5 IS NULL OR user_id >= $5)
    ORDER BY user_id LIMIT $4)
ORDER BY user_id LIMIT $4
