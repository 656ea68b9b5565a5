#!lua flags=allow-oom
-- What step.lua is for kinds, for plain ARQ functions: first finish what is done, then claim what is due.
-- parts: parts/plain step/arguments plain/finishing parts/limits step/gates plain/claiming step/lanes step/turn
-- ARGV: as of step.lua, with the one kind `arq` and no reports; then
--       #finishes then per finish: id token outcome delay function tries hold keep result problem
--       (delay: ms, -1 keeps the job's place. tries: how often it was started, '' if Redis has counted right. hold: ms for which the lock outlives the job. keep: ms, -1 for ever)
-- Returns {verdicts, claims, ms until the next due time or -1}.
--   verdict: ok · already · lost      claim: id token attempt created due deaths suspect aborted payload
next_arg() -- reports: there are none
local verdicts = {}
for i = 1, tonumber(next_arg()) do
  verdicts[i] = finish(
    next_arg(), next_arg(), next_arg(), tonumber(next_arg()), next_arg(), next_arg(), tonumber(next_arg()),
    tonumber(next_arg()), next_arg(), next_arg()
  )
end

local answer = take_turn(verdicts)
local next_due = answer[3]
if call('EXISTS', STOCK .. queue) == 1 and (next_due < 0 or next_due > STOCK_POLL_MS) then answer[3] = STOCK_POLL_MS end
return answer
