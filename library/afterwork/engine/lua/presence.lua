#!lua flags=allow-oom
-- Who is there. ARGV: the worker that asks, as "<queue> <name>", or ''.
-- Returns {run id of the server, then in turn each worker of the last hour and the number of its subscriptions}.
-- parts: parts/presence
local at = now()
if ARGV[1] ~= '' then call('ZADD', WORKERS, text(at), ARGV[1]) end
call('ZREMRANGEBYSCORE', WORKERS, '-inf', text(at - WORKER_MS))
local found = { run_id() }
for _, worker in ipairs(call('ZRANGE', WORKERS, 0, LIST_CANDIDATES - 1)) do
  found[#found + 1] = worker
  found[#found + 1] = subscriptions(string.match(worker, ' (.+)$'))
end
return found
