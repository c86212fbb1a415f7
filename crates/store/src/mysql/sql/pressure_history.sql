-- Changes whose old versions the server still keeps, since some transaction may want them, or since their removal lags: all reads
-- of our tables wade through them. Needs PROCESS.
SELECT m.count + 0e0 FROM information_schema.innodb_metrics AS m WHERE m.name = 'trx_rseg_history_len'
