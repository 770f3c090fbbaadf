package servicemap_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// fleets has the lines of small fleets, and the edges and breaks that their maps must have. Spans
// a to c are spans of requests, and spans 1 to 3 are spans of calls.
var fleets = []struct {
	name   string
	lines  source
	edges  []string
	breaks []string
}{
	{"a call and its request", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price.prod.svc:8080", wide, "1", "a", 80, 50),
		request("price", wide, "b", "1", 75, 40),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, nil},
	{"a request shares the span of its call", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "10.0.0.7:8080", wide, "1", "a", 80, 50),
		request("price", wide, "1", "a", 75, 40),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, nil},
	{"the caller logs no calls", source{
		request("shop", wide, "a", "", 100, 100),
		request("price", wide, "b", "1", 75, 40, caller("a")),
	}, []string{"shop > price: 1 answered 1 max 40"}, nil},
	{"the caller logs no calls, and the callee names the caller's span as its parent", source{
		request("shop", wide, "a", "", 100, 100),
		request("price", wide, "b", "a", 75, 40),
	}, []string{"shop > price: 1 answered 1 max 40"}, nil},
	{"the caller logs neither requests nor calls", source{
		entry("shop", wide, "a", 20, "working"),
		request("price", wide, "b", "1", 75, 40, caller("a")),
	}, []string{"shop > price: 1 answered 1 max 40"}, nil},
	{"the callee logs no requests", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price:8080", wide, "1", "a", 80, 50),
		entry("price", wide, "b", 60, "working"),
	}, []string{"shop > price: 1 told 1 guessed 1 max 50"}, nil},
	{"hosts outside, with ports of HTTP and other ports", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "Bank.example:443", wide, "1", "a", 80, 50),
		call("shop", "bank.example", wide, "2", "a", 90, 5),
		call("shop", "db:5432", wide, "3", "a", 95, 1, `"error":"dial tcp 10.0.0.1:5432: connect: connection refused"`),
	}, []string{"shop > bank.example: 2 told 2 max 50", "shop > db:5432: 1 errors 1 refused 1 told 1 max 1"}, nil},
	{"a stranger's host that has the name of a service", source{
		call("shop", "price.bank.com", wide, "1", "a", 80, 50), call("shop", "price.example.co", wide, "2", "a", 80, 60),
		request("price", second, "b", "", 75, 40),
	}, []string{"shop > price.bank.com: 1 told 1 max 50", "shop > price.example.co: 1 told 1 max 60"}, nil},
	{"answers show that a host is a service", source{
		call("shop", "price.shop.com", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 75, 40), before("price"), after("price"),
		call("shop", "price.shop.com", second, "1", "a", 80, 60, `"path":"/price/7"`), request("mail", second, "c", "", 75, 40),
		request("price", other, "c", "", 75, 40),
	}, []string{"shop > price: 2 answered 1 told 2 guessed 1 max 60"}, []string{"restarted shop > price: 1 of 2"}},
	{"a namespace, a database and another port that have the name of a service", source{
		request("price", second, "a", "", 100, 100), call("shop", "search.price.svc:9200", wide, "1", "a", 80, 10),
		call("shop", "price.rds.internal:5432", wide, "2", "a", 80, 20, `"attempt":0,"error":"closed"`),
		call("shop", "price:8080", wide, "3", "a", 80, 30), request("price", wide, "b", "3", 75, 25),
		call("shop", "price:9090", wide, "4", "a", 80, 40), call("shop", "price.prod:8080", wide, "5", "a", 80, 50),
	}, []string{
		"shop > price.rds.internal:5432: 1 errors 1 told 1 max 20", "shop > price:9090: 1 told 1 max 40", "shop > price: 2 answered 1 told 2 guessed 1 max 50",
		"shop > search.price.svc:9200: 1 told 1 max 10",
	}, nil},
	{"answers show that an address is a service", source{
		call("shop", "10.0.0.7:8080", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 75, 40),
		call("shop", "10.0.0.7:8080", second, "1", "a", 80, 60, `"error":"dial tcp: connection refused"`),
	}, []string{"shop > price: 2 errors 1 refused 1 answered 1 told 2 guessed 1 max 60"}, nil},
	{"an address with several services behind it", source{
		call("shop", "10.0.0.7", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 75, 40),
		call("shop", "10.0.0.7", wide, "2", "a", 80, 50), request("stock", wide, "c", "2", 75, 40),
		call("shop", "10.0.0.7", second, "1", "a", 80, 60, `"status":502`),
	}, []string{"shop > 10.0.0.7: 1 errors 1 told 1 max 60", "shop > price: 1 answered 1 told 1 max 50", "shop > stock: 1 answered 1 told 1 max 50"}, nil},
	{"plain lines in the trace show that a host is a service", source{
		call("shop", "price.shop.com", wide, "1", "a", 80, 50), entry("price", wide, "b", 75, "working"),
	}, []string{"shop > price: 1 told 1 guessed 1 max 50"}, nil},
	{"a call that fails, and a retry with its own answer", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 50, 40, `"status":503`),
		request("price", wide, "b", "1", 49, 30, `"status":503`),
		call("shop", "price", wide, "2", "a", 90, 30, `"attempt":2`),
		request("price", wide, "c", "2", 89, 20),
	}, []string{"shop > price: 2 errors 1 retries 1 answered 2 told 2 max 40"}, nil},
	{"a redirect is no retry, but a repeated call to its target is one", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 30, 20, `"status":301`), request("price", wide, "b", "1", 29, 10, `"status":301`),
		call("shop", "price", wide, "2", "a", 60, 20, `"attempt":2`, `"status":503`), call("shop", "price", wide, "3", "a", 90, 20, `"attempt":3`),
		request("price", wide, "c", "3", 89, 10),
	}, []string{"shop > price: 3 errors 1 retries 1 answered 2 told 3 guessed 1 max 20"}, nil},
	{"a retry whose attempts share a span", source{
		call("shop", "price", wide, "1", "a", 50, 40, `"status":503`),
		request("price", wide, "1", "a", 89, 20),
		call("shop", "price", wide, "1", "a", 90, 30, `"attempt":2`),
		request("price", wide, "1", "a", 49, 30, `"status":503`),
	}, []string{"shop > price: 2 errors 1 retries 1 answered 2 told 2 max 40"}, nil},
	{"one call that reached a service twice", source{
		call("shop", "price", wide, "1", "a", 90, 80),
		request("price", wide, "b", "1", 49, 30, `"status":503`),
		request("price", wide, "c", "1", 89, 20),
	}, []string{"shop > price: 1 answered 1 told 1 again 1 max 80"}, nil},
	{"a call that was sent to two services", source{
		call("shop", "10.0.0.7", wide, "1", "a", 90, 80), request("price", wide, "b", "1", 85, 70), request("mirror", wide, "c", "1", 89, 60),
	}, []string{"shop > price: 1 answered 1 told 1 max 80", "shop > mirror: 1 answered 1 max 60"}, nil},
	{"a proxy that passes headers on unchanged", source{
		call("shop", "proxy:8080", wide, "1", "a", 90, 80), request("price", wide, "b", "1", 80, 60), request("proxy", wide, "c", "1", 89, 78),
		call("shop", "10.0.0.7", second, "1", "a", 90, 80), request("price", second, "b", "1", 80, 60), request("proxy", second, "c", "1", 89, 78),
	}, []string{"shop > proxy: 2 answered 2 told 2 max 80", "proxy > price: 2 answered 2 guessed 2 max 60"}, nil},
	{"a service that logs its requests twice", source{
		call("shop", "price", wide, "1", "a", 90, 80), request("price", wide, "b", "1", 85, 70), request("price", wide, "b", "1", 85.1, 70.2),
		request("price", second, "b", "", 75, 40, `"untrusted_trace_id":"`+other+`"`), request("price", second, "b", "", 75.1, 40.2, `"untrusted_trace_id":"`+other+`"`),
		request("shop", other, "a", "", 100, 100),
	}, []string{"shop > price: 2 answered 2 told 1 guessed 1 max 80"}, []string{"restarted shop > price: 1 of 2"}},
	{"two sources have the same lines", source{
		request("shop", wide, "a", "", 100, 100), request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 80, 50), call("shop", "price", wide, "1", "a", 80, 50),
		request("price", wide, "b", "1", 75, 40), request("price", wide, "b", "1", 75, 40),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, nil},
	{"a job calls", source{
		entry("shop", wide, "a", 100, "job", `"job":"sweep","duration_ms":90`),
		call("shop", "price", wide, "1", "a", 80, 50),
		request("price", wide, "b", "1", 75, 40),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, nil},
	{"a service calls itself", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "shop", wide, "1", "a", 80, 50),
		request("shop", wide, "b", "1", 75, 40),
	}, []string{"shop > shop: 1 answered 1 told 1 max 50"}, nil},
	{"the parent is in no line, and one call can be the caller", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "10.0.0.7:8080", wide, "1", "a", 80, 50),
		request("price", wide, "b", "7", 75, 40),
	}, []string{"shop > price: 1 answered 1 told 1 guessed 1 max 50"}, nil},
	{"the parents are in no line, and the calls go to other hosts", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "api.bank.example", wide, "1", "a", 80, 50), call("shop", "legacy:8080", wide, "2", "a", 40, 30),
		request("price", wide, "b", "7", 75, 40), request("stock", wide, "c", "8", 35, 20), after("price"),
	}, []string{"shop > api.bank.example: 1 told 1 max 50", "shop > legacy:8080: 1 told 1 max 30"}, []string{"orphans  > price: 1 of 1", "orphans  > stock: 1 of 1"}},
	{"a call is not the caller of the request that made it", source{
		request("shop", wide, "b", "7", 80, 50),
		call("shop", "price", wide, "1", "b", 80, 49.9), request("price", wide, "c", "1", 79.99, 49.8),
		call("price", "cache", wide, "2", "c", 79.98, 49.7), after("price"),
	}, []string{"price > cache: 1 told 1 max 49.7", "shop > price: 1 answered 1 told 1 max 49.9"}, []string{"orphans  > shop: 1 of 1"}},

	{"untrusted, and the call is known", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 80, 50),
		request("price", second, "b", "", 75, 40, `"untrusted_trace_id":"`+wide+`"`),
	}, []string{"shop > price: 1 answered 1 told 1 guessed 1 max 50"}, []string{"restarted shop > price: 1 of 1"}},
	{"untrusted, and only the caller is known", source{
		request("shop", wide, "a", "", 100, 100),
		request("price", second, "b", "", 75, 40, `"untrusted_trace_id":"`+wide+`"`),
	}, []string{"shop > price: 1 answered 1 guessed 1 max 40"}, []string{"restarted shop > price: 1 of 1"}},
	{"untrusted, and no caller is known", source{
		request("price", second, "b", "", 75, 40, `"untrusted_trace_id":"`+wide+`"`),
	}, nil, nil},
	{"untrusted, and several may be the caller", source{
		request("shop", wide, "a", "", 100, 100), request("mail", wide, "c", "", 100, 100),
		request("price", second, "b", "", 75, 40, `"untrusted_trace_id":"`+wide+`"`),
	}, nil, []string{"restarted  > price: 1 of 1"}},
	{"untrusted, and the ID comes back from a client", source{
		request("shop", wide, "a", "", 100, 100),
		request("shop", second, "b", "", 75, 40, `"untrusted_trace_id":"`+wide+`"`),
	}, nil, nil},
	{"the callee begins a trace of its own", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 80, 50, `"path":"/price/7"`),
		request("price", second, "b", "", 75, 40), before("price"), after("price"),
	}, []string{"shop > price: 1 told 1 guessed 1 max 50"}, []string{"restarted shop > price: 1 of 1"}},
	{"a proxy may have answered: the statuses are not 2xx", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 80, 50, `"path":"/price/7","status":503`),
		call("shop", "price", wide, "2", "a", 80, 50, `"path":"/price/7","status":429`),
		call("shop", "price", wide, "3", "a", 80, 50, `"path":"/price/7","status":301`),
		request("price", second, "b", "", 75, 40), request("price", second, "c", "", 75, 40), before("price"), after("price"),
	}, []string{"shop > price: 3 errors 1 told 3 guessed 3 max 50"}, nil},
	{"the callee leaves out its health checks", source{
		call("shop", "price", wide, "1", "a", 80, 50, `"path":"/healthz"`),
		request("price", second, "b", "", 75, 40), request("price", second, "c", "", 75, 40), before("price"), after("price"),
	}, []string{"shop > price: 1 told 1 guessed 1 max 50"}, nil},
	{"all requests of the callee name a caller", source{
		call("shop", "price", wide, "1", "a", 80, 50, `"path":"/price/7"`),
		call("shop", "price", second, "1", "a", 80, 50), request("price", second, "b", "1", 75, 40), before("price"), after("price"),
	}, []string{"shop > price: 2 answered 1 told 2 guessed 1 max 50"}, nil},
	{"the callee's lines are of another time", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 80, 50, `"path":"/price/7"`),
		request("price", second, "b", "", 7500, 40), after("price"),
	}, []string{"shop > price: 1 told 1 guessed 1 max 50"}, nil},
	{"the callee's lines begin during the call", source{
		call("shop", "price", wide, "1", "a", 80, 50, `"path":"/price/7"`),
		request("price", second, "b", "", 70, 40), after("price"),
	}, []string{"shop > price: 1 told 1 guessed 1 max 50"}, nil},
	{"the callee is not reached", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 80, 50, `"error":"dial tcp: connection refused"`),
		request("price", second, "b", "", 75, 40),
	}, []string{"shop > price: 1 errors 1 refused 1 told 1 guessed 1 max 50"}, nil},
	{"the callee writes 16 digits as 32", source{
		call("shop", "price", narrow, "1", "a", 80, 50), request("price", padded, "b", "1", 75, 40),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, []string{"padded shop > price: 1 of 1"}},
	{"the callee writes 32 digits as 16", source{
		call("shop", "price", wide, "1", "a", 80, 50), request("price", narrow, "b", "1", 75, 40),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, []string{"truncated shop > price: 1 of 1"}},
	{"a callee without lines of requests writes 32 digits as 16", source{
		call("shop", "price", wide, "1", "a", 80, 50), entry("price", narrow, "b", 75, "working"),
	}, []string{"shop > price: 1 told 1 guessed 1 max 50"}, []string{"truncated shop > price: 1 of 1"}},
	{"a sampling decision that the callee does not obey", source{
		call("shop", "price", wide, "1", "a", 80, 50, `"sampled":true`), request("price", wide, "b", "1", 75, 40),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, []string{"redecided shop > price: 1 of 1"}},
	{"a sampling decision that the caller left open", source{
		call("shop", "price", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 75, 40, `"sampled":true`),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, nil},
	{"a callee that samples by itself", source{
		call("shop", "price", wide, "1", "a", 80, 50, `"sampled":true`), request("price", wide, "b", "1", 75, 40),
		call("shop", "price", second, "1", "a", 80, 50), request("price", second, "b", "1", 75, 40, `"sampled":true`),
	}, []string{"shop > price: 2 answered 2 told 2 max 50"}, []string{"redecided shop > price: 2 of 2"}},
	{"a callee that samples everything, and a caller that chooses", slices.Concat(many(5, `"sampled":true`, `"sampled":true`), many(3, `"x":1`, `"sampled":true`)),
		[]string{"shop > price: 8 answered 8 told 8 max 50"}, []string{"redecided shop > price: 3 of 8"}},
	{"a callee that samples everything, and a caller that leaves decisions open", slices.Concat(many(1, `"sampled":true`, `"sampled":true`), many(7, `"x":1`, `"sampled":true`)),
		[]string{"shop > price: 8 answered 8 told 8 max 50"}, nil},
	{"a sampling decision that the callee obeys", slices.Concat(many(5, `"sampled":true`, `"sampled":true`), many(5, `"x":1`, `"x":1`)),
		[]string{"shop > price: 10 answered 10 told 10 max 50"}, nil},
	{"an orphan: a request whose caller is in no line", source{
		request("shop", second, "a", "", 100, 100), call("shop", "price", second, "1", "a", 80, 50), request("price", second, "b", "1", 75, 40),
		request("price", wide, "b", "1", 75, 40), after("price"),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, []string{"orphans  > price: 1 of 2"}},
	{"an orphan whose caller may still be at work, because another request took 20 s", source{
		request("shop", second, "a", "", 0, 20_000), request("price", second, "b", "a", -19_000, 40),
		request("price", wide, "b", "1", 75, 40), after("price"),
	}, []string{"shop > price: 1 answered 1 max 40"}, nil},
	{"an orphan in a trace that goes on", source{
		request("price", wide, "b", "1", 75, 40), request("price", wide, "c", "1", 9999, 40), after("price"),
	}, nil, nil},
	{"two traces whose IDs end alike", source{
		call("shop", "price", wide, "1", "a", 80, 50), request("price", "ffffffffffffffff"+narrow, "b", "1", 75, 40),
		request("price", wide, "c", "", 75, 40), after("price"),
	}, []string{"shop > price: 1 answered 1 told 1 guessed 1 max 50"}, []string{"orphans  > price: 1 of 2"}},
	{"an orphan at the end of the lines", source{
		request("shop", second, "a", "", 100, 100),
		request("price", wide, "b", "1", 75_000, 40),
	}, nil, nil},
	{"a wrong clock, and a second clock that agrees with it", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 575, 40),
		call("price", "stock", wide, "2", "b", 570, 20), request("stock", wide, "c", "2", 565, 10),
	}, []string{"price > stock: 1 answered 1 told 1 max 20", "shop > price: 1 answered 1 told 1 max 50"},
		[]string{"clock  > price: 1 of 1", "clock  > stock: 1 of 1"}},
	{"a call is not the caller of the request that made it, although its times would fit", source{
		request("shop", wide, "b", "7", 80, 50),
		call("shop", "price", wide, "1", "b", 79, 48), request("price", wide, "c", "1", 78, 47),
		call("price", "cache", wide, "2", "c", 85, 60), after("price"),
	}, []string{"price > cache: 1 told 1 max 60", "shop > price: 1 answered 1 told 1 max 48"}, []string{"orphans  > shop: 1 of 1"}},
	{"if one call of three does not fit, no clock counts as wrong", source{
		call("shop", "price", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 575, 40),
		call("shop", "price", wide, "2", "a", 80, 50), request("price", wide, "c", "2", 75, 40),
		call("shop", "price", wide, "3", "a", 80, 50), request("price", wide, "d", "3", 75, 40),
	}, []string{"shop > price: 3 answered 3 told 3 max 50"}, nil},
	{"the clock of one machine is wrong", slices.Concat(instances(20, 75), instances(10, 575)),
		[]string{"shop > price: 30 answered 30 told 30 max 50", "shop > stock: 30 answered 30 told 30 max 50"}, []string{"clock  > price: 10 of 30"}},
	{"lines that are late, each by a different time", slices.Concat(instances(20, 75), instances(3, 575), instances(3, 275), instances(3, 1575)),
		[]string{"shop > price: 29 answered 29 told 29 max 50", "shop > stock: 29 answered 29 told 29 max 50"}, nil},
	{"one slow answer is no wrong clock", source{
		call("shop", "price", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 575, 540),
		call("shop", "price", second, "1", "a", 80, 50), request("price", second, "b", "1", 75, 40),
	}, []string{"shop > price: 2 answered 2 told 2 max 50"}, nil},
	{"a wrong clock", source{
		request("shop", wide, "a", "", 100, 100),
		call("shop", "price", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 575, 40),
	}, []string{"shop > price: 1 answered 1 told 1 max 50"}, []string{"clock  > price: 1 of 1"}},
}

// serial counts the traces that the functions many and instances have made.
var serial int

// many returns n calls to price, each in a trace of its own. The parameter caller is a field of
// the call's line, and callee is a field of the request's line.
func many(n int, caller, callee string) (lines source) {
	for range n {
		serial++
		trace := fmt.Sprintf("%032x", uint64(serial)<<32|7)
		lines = append(lines, call("shop", "price", trace, "1", "a", 80, 50, caller), request("price", trace, "b", "1", 75, 40, callee))
	}
	return lines
}

// instances returns n traces with calls to two services. By the clock of price, its requests end
// at the time end. The clock of stock is right.
func instances(n int, end float64) (lines source) {
	for range n {
		serial++
		trace := fmt.Sprintf("%032x", uint64(serial)<<32|7)
		lines = append(lines, call("shop", "price", trace, "1", "a", 80, 50), request("price", trace, "b", "1", end, 40),
			call("shop", "stock", trace, "2", "a", 80, 50), request("stock", trace, "c", "2", 75, 40))
	}
	return lines
}

func TestGraph(t *testing.T) {
	for _, tt := range fleets {
		t.Run(tt.name, func(t *testing.T) {
			g := graph(t, servicemap.Config{}, tt.lines)
			assert.ElementsMatch(t, tt.edges, edges(g))
			assert.ElementsMatch(t, tt.breaks, breaks(g))
			for _, b := range g.Breaks {
				assert.NotEmpty(t, b.Says)
				assert.NotEmpty(t, b.Remedy)
			}
		})
	}
}

// A request that does not believe its caller counts as coming from outside, if the caller appears
// in no line.
func TestEntriesThatDoNotBelieve(t *testing.T) {
	g := graph(t, servicemap.Config{}, source{
		request("edge", second, "b", "", 75, 40, `"untrusted_trace_id":"`+wide+`"`), request("edge", other, "b", "", 75, 40),
	})
	require.Len(t, g.Nodes, 1)
	assert.EqualValues(t, 2, g.Nodes[0].Roots)
	assert.Zero(t, g.Untold)
}

// In a trace with too many unanswered calls, nothing is guessed.
func TestTooManyToGuess(t *testing.T) {
	lines := source{request("price", wide, "b", "77", 75, 40)}
	for i := range 300 {
		lines = append(lines, call("shop", "10.0.0.7", wide, fmt.Sprintf("%x", i+0x1000), "", 90+float64(i), 1))
	}
	// By its time, this call fits the request. In the order of spans, it is the first.
	lines = append(lines, call("shop", "10.0.0.7", wide, "1", "", 80, 50))
	assert.Equal(t, []string{"shop > 10.0.0.7: 301 told 301 max 50"}, edges(graph(t, servicemap.Config{}, lines)))
}
