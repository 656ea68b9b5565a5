#!lua
-- Store new jobs of plain ARQ functions, each whole or not at all.
-- parts: parts/plain
-- ARGV per job: id queue function request delay|at milliseconds max_attempts timeout expires once payload
--       (request: names this very wish, so that a repeat is known. expires: ms for which the payload lives, '' for ever.
--       once: 1 if a job that has ended counts as well, however long ago its result has gone)
-- Returns per job: stored · same; same: there is a job with this id, or its result.
local WIDTH = 11
local at = tick()

local function is_there(id, request, once)
  local job = read(id)
  if job and job.request == request then return 'stored' end
  if call('EXISTS', PAYLOAD .. id, RESULT .. id) > 0 then return 'same' end
  if not job then return nil end
  if job.state == 'waiting' or job.state == 'running' or once == '1' then return 'same' end
  forget(job)
end

local verdicts, announced, accepted = {}, {}, 0
for i = 1, #ARGV, WIDTH do
  local id, queue, name, request, clock_name, ms, max_attempts, timeout, expires, once, payload =
    unpack(ARGV, i, i + WIDTH - 1)
  local verdict = is_there(id, request, once)
  if not verdict then
    local due = clock_name == 'delay' and at + ms or tonumber(ms)
    local job = {
      queue = queue, kind = PLAIN, level = 'normal', due = due, max_attempts = max_attempts, timeout = timeout,
      durability = 'unknown',
      options = {
        owner = '', unique = '', tags = '', start_before = '', follow_ups = '', ['function'] = name, request = request,
      },
    }
    call('SET', PAYLOAD .. id, payload)
    if expires ~= '' then call('PEXPIRE', PAYLOAD .. id, expires) end
    accept(job, id, at)
    if not announced[queue] then
      announced[queue] = true
      announce(queue, PLAIN)
    end
    accepted = accepted + 1
  end
  verdicts[#verdicts + 1] = verdict or 'stored'
end
if accepted > 0 then call('HINCRBY', LEDGER, 'accepted', accepted) end
return verdicts
