#!lua flags=no-writes
-- One job as it is at one instant. ARGV: id, 1 to get its log too.
-- Returns {now, record as a flat list, history, result envelope or false, log}; the record is empty if there is none.
local id = ARGV[1]
return {
  now(), call('HGETALL', JOB .. id), call('LRANGE', HISTORY .. id, 0, -1), call('GET', RESULT .. id),
  ARGV[2] == '1' and call('LRANGE', LOG .. id, 0, -1) or {},
}
