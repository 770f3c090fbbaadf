package zipkin_test

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// kv, str, obj, strs and vals are short names that keep the table below readable.
type kv = attribute.KeyValue

func str(key, value string) kv                  { return attribute.String(key, value) }
func obj(key string, of ...kv) kv               { return attribute.Map(key, of...) }
func strs(key string, of ...string) kv          { return attribute.StringSlice(key, of) }
func vals(key string, of ...attribute.Value) kv { return attribute.Slice(key, of...) }

// A value in a map or in a list is treated like an attribute with the same key and value.
func TestNoSecretsInMapsAndLists(t *testing.T) {
	pair := func(key, name, value string) attribute.Value {
		return attribute.MapValue(str(key, name), str("value", value))
	}
	for _, tt := range []struct {
		name string
		attr kv
		want any // nil: no tag
	}{
		{"headers", obj("http.request.header", str("authorization", canary), str("accept", "text/html"), str("Cookie", canary)), `{"accept":"text/html"}`},
		{"headers, as lists", obj("http.request.header", strs("authorization", canary), strs("accept", "a", "b")), `{"accept":["a","b"]}`},
		{"headers, as lists of values", obj("http.response.header", vals("set-cookie", attribute.StringValue(canary))), `{}`},
		{"headers, in capitals", obj("HTTP.Request.Headers", str("Authorization", canary), str("Accept", "b")), `{"Accept":"b"}`},
		{"headers whose values are no texts", obj("http.request.header", attribute.Int("x-api-key", 1), attribute.Bool("x-secret", true), attribute.Float64("x-token", 1), attribute.Int("age", 3)), `{"age":3}`},
		{"the key headers, without request or response", obj("headers", str("authorization", canary), str("a", "b")), `{"a":"b"}`},
		{"trailers", obj("http.response.trailers", str("x-session-id", canary)), `{}`},
		{"gRPC's metadata", obj("rpc.grpc.request.metadata", strs("authorization", canary), strs("x", "y")), `{"x":["y"]}`},
		{"a request", obj("request", obj("headers", str("authorization", canary), str("a", "b")), str("method", "GET")), `{"headers":{"a":"b"},"method":"GET"}`},
		{"requests", vals("requests", attribute.MapValue(obj("Header", str("Authorization", canary))), attribute.IntValue(7)), `[{"Header":{}},7]`},
		{"names and values", vals("http.request.headers", pair("name", "Authorization", canary), pair("name", "accept", "b"), pair("key", "cookie", canary)),
			`[{"name":"Authorization"},{"name":"accept","value":"b"},{}]`},
		{"pairs", vals("request.headers", attribute.SliceValue(attribute.StringValue("authorization"), attribute.StringValue(canary))), `[[]]`},
		{"lines", strs("http.request.header", "Authorization: "+canary), nil},
		{"lines in a map", obj("request", strs("headers", "Authorization: "+canary), str("header", canary)), `{}`},
		{"all headers in a text", str("http.request.headers", `{"authorization":"`+canary+`"}`), nil},
		{"all metadata in a text", str("rpc.request.metadata", "authorization="+canary), nil},
		{"a secret header that is a map", obj("http.request.header.cookie", str("sid", canary)), nil},
		{"a secret header that is a list of maps", vals("http.request.header.cookie", attribute.MapValue(str("sid", canary))), nil},
		{"a copy of attributes", obj("attributes", str("http.request.header.cookie", canary), str("url.full", "/cb?code="+canary), str("url.query", canary), str("a", "b")),
			`{"a":"b","url.full":"/cb"}`},
		{"a map with any name", obj("req", str("Authorization", canary), str("Set_Cookie", canary), str("x-api-key", canary), str("a", "b")), `{"a":"b"}`},
		{"a list with any name", vals("h", pair("name", "authorization", canary), pair("name", "accept", "b")), `[{"name":"authorization"},{"name":"accept","value":"b"}]`},
		{"a cookie in a session", obj("session", str("cookie", canary), str("cookies", "3")), `{"cookies":"3"}`},
		{"a query", obj("url.query", str("token", canary)), nil},
		{"a query in a map", obj("url", obj("query", str("a", canary)), str("full", "/p?"+canary), str("scheme", "http")), `{"full":"/p","scheme":"http"}`},
		{"a query, flat", str("url.query.token", canary), nil},
		{"a statement's parameters", obj("db.query.parameter", str("password", canary), str("id", "7")), `{"id":"7"}`},
		{"a statement's parameter, flat", str("db.query.parameter.password", canary), nil},
		{"a connection string", obj("db", str("connection_string", canary), str("name", "media")), `{"name":"media"}`},
		{"URLs in a list", strs("urls", "http://u:"+canary+"@a.example/?"+canary, "//u:"+canary+"@b.example"), `["http://a.example/","//b.example"]`},
		{"URLs in a list that holds nothing else", strs("url.full", "/a?"+canary, "/b#"+canary), `["/a","/b"]`},
		{"a URL in a list in a map", obj("url.full", strs("it", "/p?"+canary)), `{"it":["/p"]}`},
		{"headers, all in capitals", obj("HEADERS", str("AUTHORIZATION", canary)), `{}`},
		{"URLs in a map", obj("message", str("said", `Get "http://u:`+canary+`@a.example/?`+canary+`": EOF`)), `{"said":"Get \"http://a.example/\": EOF"}`},
		{"a URL as a key", obj("calls", attribute.Int("http://u:"+canary+"@a.example/?"+canary, 3)), `{}`},
		{"a URL in bytes", attribute.ByteSlice("body", []byte("see http://u:"+canary+"@a.example/?"+canary)), base64.StdEncoding.EncodeToString([]byte("see http://a.example/"))},
		{"bytes", attribute.ByteSlice("body", []byte{0, 0xff}), "AP8="},
		{"bytes in a map", obj("m", attribute.ByteSlice("b", []byte("//u:"+canary+"@h"))), `{"b":"` + base64.StdEncoding.EncodeToString([]byte("//h")) + `"}`},
		{"numbers that are secret", attribute.Int("http.request.header.x-api-key", 1), nil},
		{"booleans that are secret", attribute.Bool("http.request.header.x-secret", true), nil},

		{"values of all types", obj("m", str("s", "\"\n"), attribute.Int("i", 1), attribute.Bool("b", true), attribute.Float64("f", .5), attribute.Float64("nan", math.NaN()),
			attribute.Float64("inf", math.Inf(-1)), strs("ss"), attribute.IntSlice("is", []int{1, 2}), attribute.BoolSlice("bs", []bool{true}),
			attribute.Float64Slice("fs", []float64{.5}), kv{Key: "none"}, vals("l", attribute.IntValue(1), attribute.Value{}), obj("o")),
			`{"b":true,"bs":[true],"f":0.5,"fs":[0.5],"i":1,"inf":"-Infinity","is":[1,2],"l":[1,null],"nan":"NaN","none":null,"o":{},"s":"\"\n","ss":[]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := export(t, ended(func(s *tracetest.SpanStub) { s.Attributes = []kv{tt.attr} })).tags()
			assert.Equal(t, tt.want, got[string(tt.attr.Key)])
			all := everywhere(t, tt.attr)
			assert.NotContains(t, all, canary)
			assert.NotContains(t, all, base64.StdEncoding.EncodeToString([]byte(canary))[:8])
		})
	}
}

// everywhere returns the post of a span that has attr in all places where a span can have
// attributes.
func everywhere(t *testing.T, attr kv) string {
	body, err := json.Marshal(export(t, ended(func(s *tracetest.SpanStub) {
		s.Attributes = []kv{attr}
		s.Events = []sdktrace.Event{{Name: "event", Time: began, Attributes: s.Attributes}}
		s.Links = []sdktrace.Link{{SpanContext: spanContext(traceID64, spanID2), Attributes: s.Attributes}}
		s.Resource = resource.NewSchemaless(str("service.name", "s"), attr)
		s.InstrumentationScope.Attributes = attribute.NewSet(attr)
	})))
	require.NoError(t, err)
	return string(body)
}

// A URL without a scheme is found too, in any attribute and in any other text of a span.
func TestNoSecretsWithoutScheme(t *testing.T) {
	for value, want := range map[string]string{
		"//u:" + canary + "@a.example/p":                                   "//a.example/p",
		`{"url":"https:\/\/u:` + canary + `@a.example\/p?` + canary + `"}`: `{"url":"https://a.example/p"}`,
		`parse "//u:x ` + canary + `@h": invalid`:                          "malformed URL",
		"mail ann@a.example?":                                              "mail ann@a.example?",
	} {
		got := export(t, ended(func(s *tracetest.SpanStub) {
			s.Attributes = []kv{str("any", value)}
			s.Name, s.InstrumentationScope = value, instrumentation.Scope{Name: value, Version: value}
			s.Status = sdktrace.Status{Code: codes.Error, Description: value}
			s.Events = []sdktrace.Event{{Name: value, Time: began}}
			s.Resource = resource.NewSchemaless(str("service.name", value), str("other", value))
			s.SpanKind = oteltrace.SpanKindClient
		}))
		for _, key := range []string{"any", "other", "error", "otel.scope.name", "otel.scope.version"} {
			assert.Equal(t, want, got.tags()[key], "%s of %q", key, value)
		}
		assert.Equal(t, strings.ToLower(want), got["name"], "name of %q", value)
		assert.Equal(t, strings.ToLower(want), got["localEndpoint"].(map[string]any)["serviceName"], "service of %q", value)
		assert.Equal(t, want, got["annotations"].([]any)[0].(map[string]any)["value"], "event of %q", value)
	}
}

// An attribute that holds a host loses the user in front of the host. Otherwise a password would
// become part of the name of the remote service.
func TestNoSecretsInHosts(t *testing.T) {
	for value, want := range map[string]string{
		"u:" + canary + "@a.example":                    "a.example",
		canary + "@a.example:5432":                      "a.example:5432",
		"u:" + canary + "/x?y@a.example/db?p=" + canary: "a.example/db",
		"http://u:" + canary + "@a.example/?" + canary:  "http://a.example/",
		"a.example":                  "a.example",
		"2001:db8::1":                "2001:db8::1",
		"u:" + canary + "@192.0.2.1": "192.0.2.1",
	} {
		for _, key := range []string{"server.address", "net.peer.name", "network.peer.address", "http.host", "http.request.header.host"} {
			got := export(t, ended(func(s *tracetest.SpanStub) {
				s.SpanKind = oteltrace.SpanKindClient
				s.Attributes = []kv{str(key, value)}
			}))
			assert.Equal(t, want, got.tags()[key], "%s of %q", key, value)
			body, err := json.Marshal(got)
			require.NoError(t, err)
			assert.NotContains(t, string(body), canary, "%s of %q", key, value)
		}
	}
	for _, key := range []string{"peer.service", "service.peer.name", "db.system", "rpc.service", "messaging.system"} {
		got := export(t, ended(func(s *tracetest.SpanStub) {
			s.SpanKind = oteltrace.SpanKindClient
			s.Attributes = []kv{str(key, "http://u:"+canary+"@a.example/?"+canary)}
		}))
		assert.Equal(t, map[string]any{"serviceName": "http://a.example/"}, got["remoteEndpoint"], key)
	}
}

// A key with a secret in it is left out together with its value.
func TestNoSecretsInKeys(t *testing.T) {
	attr := attribute.Int("http://u:"+canary+"@a.example", 1)
	assert.NotContains(t, everywhere(t, attr), canary)
	got := export(t, ended(func(s *tracetest.SpanStub) { s.Attributes = []kv{attr, str("a//b", "c")} })).tags()
	assert.Equal(t, map[string]any{"a//b": "c"}, got)
}

// Deeply nested maps and long lists are cut.
func TestEndlessAttributes(t *testing.T) {
	deep := attribute.StringValue(canary)
	for range 10_000 {
		deep = attribute.MapValue(kv{Key: "k", Value: attribute.SliceValue(deep)})
	}
	long := make([]attribute.Value, 100_000)
	for i := range long {
		long[i] = attribute.MapValue(str("k", "v"))
	}
	const megabyte = 1 << 20
	for name, value := range map[string]attribute.Value{
		"deep":         deep,
		"long":         attribute.SliceValue(long...),
		"slashes":      attribute.StringValue(strings.Repeat("//", megabyte) + "@"),
		"long strings": attribute.StringSliceValue([]string{strings.Repeat("x", megabyte), canary}),
	} {
		for _, key := range []string{"any", "url.full", "server.address"} {
			got := export(t, ended(func(s *tracetest.SpanStub) { s.Attributes = []kv{{Key: attribute.Key(key), Value: value}} })).tags()
			assert.LessOrEqual(t, len(got[key].(string)), 8000+len("…"), "%s as %s", name, key)
			assert.NotContains(t, got[key], canary, "%s as %s", name, key)
			if name == "deep" {
				assert.LessOrEqual(t, strings.Count(got[key].(string), "["), 32, "nested lists")
			}
		}
	}
}
