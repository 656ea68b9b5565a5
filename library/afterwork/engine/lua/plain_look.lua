#!lua flags=no-writes
-- One job of a plain function as those see it who wait for it. ARGV: id, queue.
-- Returns {result or false, its place in the queue or false, state of its record or '', problem or '', 1 if its lock is held}.
local id, queue = ARGV[1], ARGV[2]
local job = call('HMGET', JOB .. id, 'state', 'problem', 'queue', 'due', 'level')
local score = call('ZSCORE', queue, id)
if job[1] == 'waiting' and not score then score = job[4] end
return {
  read_text(RESULT .. id), score, job[1] or '', job[2] or '', call('EXISTS', LOCK .. id),
}
