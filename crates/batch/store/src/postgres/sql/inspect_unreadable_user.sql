-- In a database without an encoding: a user_id that is not UTF-8, with the bytes that are not ASCII written as escapes.
SELECT encode(convert_to(user_id::text, 'SQL_ASCII'), 'escape')
FROM {{input}}
WHERE user_id::text !~ '^([\u0001-\u007F]|[\u00C2-\u00DF][\u0080-\u00BF]|\u00E0[\u00A0-\u00BF][\u0080-\u00BF]|[\u00E1-\u00EC\u00EE\u00EF][\u0080-\u00BF]{2}|\u00ED[\u0080-\u009F][\u0080-\u00BF]|\u00F0[\u0090-\u00BF][\u0080-\u00BF]{2}|[\u00F1-\u00F3][\u0080-\u00BF]{3}|\u00F4[\u0080-\u008F][\u0080-\u00BF]{2})*$'
LIMIT 1
