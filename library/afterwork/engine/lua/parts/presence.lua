-- Whether a worker is there: each is subscribed to a channel of its own as long as its process lives.

-- Changes when the server is started again, and all subscriptions are gone; '' if the user may not know.
local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end

local function subscriptions(worker)
  local reply = redis.pcall('PUBSUB', 'NUMSUB', CONTROL .. worker)
  return reply.err and 0 or reply[2]
end
