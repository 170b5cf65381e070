-- The two of the five rules that nginx has no module for: HMAC-SHA256 signatures with a nonce replay check, and a
-- failure-rate breaker for each endpoint. Written as one would for speed: libcrypto through FFI with a key schedule
-- that is made once, shared dictionaries, no table per request but the headers (which must be asked for whole,
-- because a repeated header is to be refused and `ngx.var.http_*` hides it).
local ffi = require "ffi"
local C = ffi.C
local ngx = ngx
local concat = table.concat

ffi.cdef [[
typedef struct hmac_ctx_st HMAC_CTX;
typedef struct evp_md_st EVP_MD;
HMAC_CTX *HMAC_CTX_new(void);
const EVP_MD *EVP_sha256(void);
int HMAC_Init_ex(HMAC_CTX *ctx, const void *key, int len, const EVP_MD *md, void *impl);
int HMAC_Update(HMAC_CTX *ctx, const char *data, size_t len);
int HMAC_Final(HMAC_CTX *ctx, unsigned char *md, unsigned int *len);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
]]

local _M = {}

local settings
local contexts = {} -- key id → HMAC context that already holds the key
local digest = ffi.new("unsigned char[32]")
local digest_len = ffi.new("unsigned int[1]")

-- The breaker: a window of BUCKETS × BUCKET_SECONDS; opens at MIN_REQUESTS with FAILURE_RATE failed.
local BUCKET_SECONDS, BUCKETS = 10, 6
local MIN_REQUESTS, FAILURE_RATE, OPEN_FOR, PROBE_LEASE = 10, 0.5, 60, 30
local FALLBACK = { "us", "eu", "asia" }
local total_keys, failed_keys, until_keys, probe_keys = {}, {}, {}, {}

function _M.configure(given)
    settings = given
    local ctx = C.HMAC_CTX_new()
    assert(C.HMAC_Init_ex(ctx, given.secret, #given.secret, C.EVP_sha256(), nil) == 1)
    contexts["partner-a"] = ctx
    for _, endpoint in ipairs(FALLBACK) do
        until_keys[endpoint] = "until:" .. endpoint
        probe_keys[endpoint] = "probe:" .. endpoint
        total_keys[endpoint], failed_keys[endpoint] = {}, {}
        for slot = 0, BUCKETS do
            total_keys[endpoint][slot] = concat { "total:", endpoint, ":", slot }
            failed_keys[endpoint][slot] = concat { "failed:", endpoint, ":", slot }
        end
    end
end

local function refuse(status, code)
    ngx.status = status
    ngx.header.content_type = "application/json"
    ngx.print('{"code":"', code, '"}')
    return ngx.exit(status)
end

local function body_of_request()
    ngx.req.read_body()
    local body = ngx.req.get_body_data()
    if body then return body end
    local name = ngx.req.get_body_file()
    if not name then return "" end
    local file = assert(io.open(name, "rb"))
    body = file:read("*a")
    file:close()
    return body
end

-- True the first time a nonce is seen; nil and why where the store cannot say.
local function once_shared(key, ttl)
    local ok, err = ngx.shared.nonces:safe_add(key, true, ttl)
    if ok then return true end
    if err == "exists" then return false end
    return nil, err
end

local function once_redis(key, ttl)
    local red = require("nginx.redis"):new()
    red:set_timeout(50)
    local ok, err = red:connect("127.0.0.1", settings.redis)
    if not ok then return nil, err end
    local reply, problem = red:set(key, "1", "NX", "EX", ttl)
    red:set_keepalive(60000, 256)
    if problem then return nil, problem end
    return reply == "OK"
end

local function single(value, max)
    return type(value) == "string" and value ~= "" and #value <= max
end

local function verify()
    local headers = ngx.req.get_headers()
    local key, timestamp, nonce, signature =
        headers["x-key-id"], headers["x-timestamp"], headers["x-nonce"], headers["x-signature"]
    if not (single(key, 128) and single(timestamp, 20) and single(nonce, 128) and single(signature, 128)) then
        return refuse(401, "SIGNATURE_HEADERS")
    end
    local ctx = contexts[key]
    if not ctx then return refuse(401, "SIGNATURE_KEY") end
    local at, now = tonumber(timestamp), ngx.time()
    if not at or at > now + settings.window or at < now - settings.window then
        return refuse(401, "SIGNATURE_TIMESTAMP")
    end
    local body = body_of_request()
    C.HMAC_Init_ex(ctx, nil, 0, nil, nil)
    C.HMAC_Update(ctx, timestamp, #timestamp)
    C.HMAC_Update(ctx, nonce, #nonce)
    C.HMAC_Update(ctx, body, #body)
    C.HMAC_Final(ctx, digest, digest_len)
    local given = ngx.decode_base64(signature)
    if not given or #given ~= 32 or C.CRYPTO_memcmp(given, digest, 32) ~= 0 then
        return refuse(401, "SIGNATURE_MISMATCH")
    end
    local once = settings.redis and once_redis or once_shared
    local fresh, problem = once(key .. ":" .. nonce, at + settings.window - now + 1)
    if problem then
        ngx.log(ngx.ERR, "nonce store: ", problem)
        return refuse(503, "STORE_UNAVAILABLE")
    end
    if not fresh then return refuse(401, "SIGNATURE_REPLAYED") end
end

-- May this endpoint be tried? Closed: yes. Open: no. Half open: one probe at a time.
local function available(endpoint)
    local opens = ngx.shared.breakers:get(until_keys[endpoint])
    if not opens then return true end
    if ngx.now() < opens then return false end
    return (ngx.shared.breakers:add(probe_keys[endpoint], true, PROBE_LEASE))
end

local function choose()
    local region = ngx.var.region
    if available(region) then return region end
    for i = 1, #FALLBACK do
        local other = FALLBACK[i]
        if other ~= region and available(other) then return other end
    end
    ngx.header.retry_after = OPEN_FOR
    return refuse(503, "BREAKER_OPEN")
end

function _M.access()
    if ngx.req.get_method() == "POST" then verify() end
    ngx.var.endpoint = choose()
end

local function window_sum(keys)
    local sum = 0
    for slot = 0, BUCKETS do sum = sum + (ngx.shared.breakers:get(keys[slot]) or 0) end
    return sum
end

local function count_failure(endpoint, slot)
    local breakers = ngx.shared.breakers
    breakers:incr(failed_keys[endpoint][slot], 1, 0, BUCKET_SECONDS * BUCKETS)
    local total = window_sum(total_keys[endpoint])
    if total >= MIN_REQUESTS and window_sum(failed_keys[endpoint]) >= total * FAILURE_RATE then
        breakers:set(until_keys[endpoint], ngx.now() + OPEN_FOR)
    end
end

-- The probe's outcome decides: closed with empty counters, or open again.
local function end_probe(endpoint, failed)
    local breakers = ngx.shared.breakers
    if failed then
        breakers:set(until_keys[endpoint], ngx.now() + OPEN_FOR)
    else
        for slot = 0, BUCKETS do
            breakers:delete(total_keys[endpoint][slot])
            breakers:delete(failed_keys[endpoint][slot])
        end
        breakers:delete(until_keys[endpoint])
    end
    breakers:delete(probe_keys[endpoint])
end

function _M.log()
    local endpoint, status = ngx.var.endpoint, ngx.var.upstream_status
    if endpoint == "" or not status then return end
    local breakers = ngx.shared.breakers
    local opens = breakers:get(until_keys[endpoint])
    local failed = status >= "500"
    if opens then
        if ngx.now() >= opens then end_probe(endpoint, failed) end
        return
    end
    local slot = math.floor(ngx.time() / BUCKET_SECONDS) % (BUCKETS + 1)
    breakers:incr(total_keys[endpoint][slot], 1, 0, BUCKET_SECONDS * BUCKETS)
    if failed then count_failure(endpoint, slot) end
end

return _M
