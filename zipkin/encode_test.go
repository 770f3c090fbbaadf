package zipkin_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/zipkin"
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

// poster is a collector without a network. It accepts all spans and keeps them.
type poster struct {
	mu     sync.Mutex
	bodies [][]byte
}

func (p *poster) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	body, err := unzip(r)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.bodies = append(p.bodies, body)
	p.mu.Unlock()
	return reply(http.StatusAccepted, ""), nil
}

// A posted is a span as the collector got it.
type posted map[string]any

func (s posted) tags() map[string]any {
	tags, _ := s["tags"].(map[string]any)
	return tags
}

// take returns the spans that were posted since the last call. It checks them against Zipkin's
// schema.
func (p *poster) take(t testing.TB) []posted {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []posted
	for _, body := range p.bodies {
		require.NoError(t, checkList(body), "%.2000s", body)
		var list []posted
		require.NoError(t, json.Unmarshal(body, &list))
		all = append(all, list...)
	}
	p.bodies = nil
	return all
}

// export exports the span stub, and returns the span that the collector got.
func export(t testing.TB, stub tracetest.SpanStub) posted {
	t.Helper()
	p := new(poster)
	e, err := zipkin.NewExporter(zipkin.Config{Endpoint: "http://collector.example", Client: &http.Client{Transport: p}})
	require.NoError(t, err, "NewExporter")
	require.NoError(t, e.ExportSpans(context.Background(), tracetest.SpanStubs{stub}.Snapshots()), "ExportSpans")
	require.NoError(t, e.Shutdown(context.Background()), "Shutdown")
	list := p.take(t)
	require.Len(t, list, 1, "spans")
	return list[0]
}

var (
	traceID128 = oteltrace.TraceID{0x57, 0x59, 0xe9, 0x88, 0xbd, 0x86, 0x2e, 0x3f, 0xe1, 0xbe, 0x46, 0xa9, 0x94, 0x27, 0x27, 0x93}
	traceID64  = oteltrace.TraceID{8: 0x46, 0x3a, 0xc3, 0x5c, 0x9f, 0x64, 0x13, 0xad}
	spanID1    = oteltrace.SpanID{0xa2, 0xfb, 0x4a, 0x1d, 0x1a, 0x96, 0xd3, 0x12}
	spanID2    = oteltrace.SpanID{7: 0x0a}
	began      = time.Date(2026, 11, 22, 8, 0, 0, 123456789, time.UTC)
)

const beginMicros = 1795334400123456

func spanContext(id oteltrace.TraceID, span oteltrace.SpanID) oteltrace.SpanContext {
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: id, SpanID: span, TraceFlags: oteltrace.FlagsSampled})
}

// ended returns a span that has ended. The function change, unless nil, is applied to the span
// first.
func ended(change func(*tracetest.SpanStub)) tracetest.SpanStub {
	stub := tracetest.SpanStub{
		Name:        "get /media/{id}",
		SpanContext: spanContext(traceID128, spanID1),
		StartTime:   began,
		EndTime:     began.Add(1500 * time.Microsecond),
		Resource:    resource.NewSchemaless(attribute.String("service.name", "media-api")),
	}
	if change != nil {
		change(&stub)
	}
	return stub
}

func TestRemoteEndpoint(t *testing.T) {
	str, num := attribute.String, attribute.Int
	const (
		server, client     = oteltrace.SpanKindServer, oteltrace.SpanKindClient
		producer, consumer = oteltrace.SpanKindProducer, oteltrace.SpanKindConsumer
	)
	for _, tt := range []struct {
		name  string
		kind  oteltrace.SpanKind
		attrs []attribute.KeyValue
		want  map[string]any
	}{
		{"no attributes", client, nil, nil},
		{"a port alone is not enough", client, []attribute.KeyValue{num("server.port", 80)}, nil},
		{"a client's server, by name", client, []attribute.KeyValue{str("server.address", "Dynamo.example"), num("server.port", 443)},
			map[string]any{"serviceName": "dynamo.example", "port": 443.0}},
		{"a client's server, by address", client, []attribute.KeyValue{str("server.address", "192.0.2.1"), num("server.port", 8080)},
			map[string]any{"ipv4": "192.0.2.1", "port": 8080.0}},
		{"a client's server, by name, and the address of the connection", client, []attribute.KeyValue{str("server.address", "db.example"), num("server.port", 1), str("network.peer.address", "2001:DB8::1"), num("network.peer.port", 2)},
			map[string]any{"serviceName": "db.example", "ipv6": "2001:db8::1", "port": 2.0}},
		{"a client's server, by name, after the address of the connection", client, []attribute.KeyValue{num("network.peer.port", 2), str("network.peer.address", "2001:DB8::1"), num("server.port", 1), str("server.address", "db.example")},
			map[string]any{"serviceName": "db.example", "ipv6": "2001:db8::1", "port": 2.0}},
		{"a client's server, by peer.service", client, []attribute.KeyValue{str("server.address", "10.0.0.1"), str("peer.service", "image-store")},
			map[string]any{"serviceName": "image-store", "ipv4": "10.0.0.1"}},
		{"a client's server, by service.peer.name", client, []attribute.KeyValue{str("server.address", "a.example"), str("service.peer.name", "image-store")},
			map[string]any{"serviceName": "image-store"}},
		{"a client's server, by attributes from before 2023", client, []attribute.KeyValue{str("net.peer.name", "a.example"), num("net.peer.port", 80), str("net.sock.peer.addr", "192.0.2.1")},
			map[string]any{"serviceName": "a.example", "ipv4": "192.0.2.1", "port": 80.0}},
		{"a database without a name", client, []attribute.KeyValue{str("server.address", "127.0.0.1"), str("db.system.name", "postgresql")},
			map[string]any{"serviceName": "postgresql", "ipv4": "127.0.0.1"}},
		{"a service of AWS", client, []attribute.KeyValue{str("rpc.system", "aws-api"), str("rpc.service", "DynamoDB")}, map[string]any{"serviceName": "dynamodb"}},
		{"a database with a name", client, []attribute.KeyValue{str("db.system", "mysql"), str("server.address", "db.example")},
			map[string]any{"serviceName": "db.example"}},
		{"a producer's broker", producer, []attribute.KeyValue{str("messaging.system", "kafka")}, map[string]any{"serviceName": "kafka"}},
		{"a consumer's broker", consumer, []attribute.KeyValue{str("messaging.system", "kafka"), str("server.address", "kafka-1.example")},
			map[string]any{"serviceName": "kafka-1.example"}},
		{"a server's client", server, []attribute.KeyValue{str("network.peer.address", "192.0.2.1"), num("network.peer.port", 50000)},
			map[string]any{"ipv4": "192.0.2.1", "port": 50000.0}},
		{"what proxies report is ignored if it is no address", server, []attribute.KeyValue{str("client.address", "payments")}, nil},
		{"a server's client, as proxies report it", server, []attribute.KeyValue{str("client.address", "192.0.2.7")}, map[string]any{"ipv4": "192.0.2.7"}},
		{"the address of the connection wins over the address that proxies report", server, []attribute.KeyValue{str("client.address", "192.0.2.7"), str("network.peer.address", "10.0.0.1")},
			map[string]any{"ipv4": "10.0.0.1"}},
		{"a server's own address is not its client's", server, []attribute.KeyValue{str("server.address", "me.example"), num("server.port", 80), str("db.system", "mysql")}, nil},
		{"a server's own port is not its client's", server, []attribute.KeyValue{str("network.peer.address", "192.0.2.1"), num("server.port", 80)}, map[string]any{"ipv4": "192.0.2.1"}},
		{"IPv4 in IPv6", server, []attribute.KeyValue{str("network.peer.address", "::ffff:192.0.2.1")}, map[string]any{"ipv4": "192.0.2.1"}},
		{"the zone of an address is left out", server, []attribute.KeyValue{str("network.peer.address", "fe80::1%eth0")}, map[string]any{"ipv6": "fe80::1"}},
		{"garbage", server, []attribute.KeyValue{str("network.peer.address", "\x00"), num("network.peer.port", 1)}, nil},
		{"a port that is too large", client, []attribute.KeyValue{str("server.address", "a.example"), num("server.port", 65536)}, map[string]any{"serviceName": "a.example"}},
		{"a negative port", client, []attribute.KeyValue{str("server.address", "a.example"), num("server.port", -1)}, map[string]any{"serviceName": "a.example"}},
		{"attributes of other types", client, []attribute.KeyValue{num("server.address", 1), str("server.port", "80"), attribute.Bool("peer.service", true)}, nil},
		{"an attribute of another type beside a name", client, []attribute.KeyValue{str("server.address", "a.example"), num("net.peer.name", 1)}, map[string]any{"serviceName": "a.example"}},
		{"an internal span has no remote endpoint", oteltrace.SpanKindInternal, []attribute.KeyValue{str("server.address", "a.example")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := export(t, ended(func(s *tracetest.SpanStub) { s.SpanKind, s.Attributes = tt.kind, tt.attrs }))
			if tt.want == nil {
				assert.NotContains(t, got, "remoteEndpoint")
			} else {
				assert.Equal(t, tt.want, got["remoteEndpoint"])
			}
		})
	}
}

// canary is a part of each secret, and must not be posted.
const canary = "c4n4ry"

var nan = math.NaN()

func TestNoSecrets(t *testing.T) {
	left := map[string]string{ // attributes that are left out
		"http.request.header.authorization": "Bearer " + canary, "http.request.header.Proxy-Authorization": canary,
		"http.request.header.cookie": "a=" + canary, "http.response.header.set-cookie": "a=" + canary, "http.response.header.set_cookie": canary,
		"http.request.header.x_api_key": canary, "http.request.header.x-api-key": canary, "http.request.header.x-auth-token": canary,
		"http.request.header.x-amz-security-token": canary, "http.request.header.x-csrf": canary, "http.request.header.x-session-id": canary,
		"rpc.grpc.request.metadata.authorization": canary, "rpc.grpc.response.metadata.x-secret": canary,
		"http.request.header.x-amzn-oidc-data": canary, "http.request.header.x-forwarded-client-cert": canary, "http.request.header.dpop": canary,
		"http.request.header.x-ms-client-principal": canary, "http.request.header.x-sid": canary,
		"db.connection_string": "user=app password=" + canary,
		"url.query":            "token=" + canary, "url.fragment": canary,
	}
	cut := map[string][2]string{
		"url.full":                                  {"https://user:" + canary + "@a.example:8443/p%2Fq?token=" + canary + "#" + canary, "https://a.example:8443/p%2Fq"},
		"http.url":                                  {"http://a.example?" + canary, "http://a.example"},
		"http.target":                               {"/p?token=" + canary, "/p"},
		"url.original":                              {"/p#" + canary, "/p"},
		"http.request.header.referer":               {"https://" + canary + "@a.example/@b", "https://a.example/@b"},
		"http.response.header.location":             {`["https://u:` + canary + `@a.example/?code=` + canary + `"]`, `["https://a.example/`},
		"http.response.header.content-location":     {"/p?" + canary, "/p"},
		"http.request.header.x_forwarded_uri":       {"/p?" + canary, "/p"},
		"http.request.header.x-envoy-original-path": {"/p?" + canary, "/p"},
		"an apostrophe":                             {"https://it's" + canary + "@a.example/?name=O'Brien&token=" + canary, "https://a.example/"},
		"a backslash":                               {`{"url":"https://a.example/?a=1\u0026token=` + canary + `"}`, `{"url":"https://a.example/"}`},
		"net/url's error":                           {`parse "postgres://app:` + canary + `/x@db.example/": invalid port ":` + canary + `" after host`, "malformed URL"},
		"anything":                                  {"first http://a.example/?x=" + canary + " then <https://" + canary + "@b.example#" + canary + "> end", "first http://a.example/ then <https://b.example> end"},
		"a colon":                                   {"://?" + canary, "://"},
	}
	kept := map[string]string{
		"http.request.header.accept": "text/html", "http.request.header.user-agent": "curl", "url.path": "/a?b", "db.query.text": "SELECT 1 WHERE a = ?",
		"db.connection": "postgres://h", "user.token.count": "3", "http.route": "/keys/{key}", "messaging.metadata": "key",
	}
	stub, lists := ended(nil), ended(nil)
	want := map[string]any{}
	for key, value := range left {
		stub.Attributes = append(stub.Attributes, attribute.String(key, value))
		lists.Attributes = append(lists.Attributes, attribute.StringSlice(key, []string{value, "other"}))
	}
	for key, values := range cut {
		stub.Attributes = append(stub.Attributes, attribute.String(key, values[0]))
		want[key] = values[1]
	}
	for key, value := range kept {
		stub.Attributes = append(stub.Attributes, attribute.String(key, value))
		want[key] = value
	}
	stub.Attributes = append(stub.Attributes, attribute.StringSlice("list", []string{"http://" + canary + "@a.example/?" + canary, "b"}))
	want["list"] = `["http://a.example/","b"]`
	assert.Empty(t, export(t, lists).tags(), "tags of lists")
	got := export(t, stub)
	assert.Equal(t, want, got.tags(), "tags")
	text, err := json.Marshal(got)
	require.NoError(t, err)
	assert.NotContains(t, string(text), canary)

	secret := "GET https://u:" + canary + "@a.example/?token=" + canary
	stub.Events = []sdktrace.Event{{Name: secret, Time: began, Attributes: stub.Attributes}, {Name: secret, Time: began}}
	stub.Attributes, stub.Name = nil, secret
	text, err = json.Marshal(export(t, stub))
	require.NoError(t, err)
	assert.NotContains(t, string(text), canary, "the secret in an event")
}

// TestNoSecretsInURLs: some attributes hold nothing but a URL, which may be relative. The posted
// URL has no user, query or fragment.
func TestNoSecretsInURLs(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.example/?name=O'Brien&token=" + canary: "https://a.example/",
		"https://a.example/?q=a b&token=" + canary:        "https://a.example/",
		"/cb?code=" + canary:                              "/cb",
		"//u:" + canary + "@a.example/cb?code=" + canary:  "//a.example/cb",
		"?" + canary:                         "",
		"https://u:" + canary + "@a.example": "https://a.example",
		"https://a.example/@b":               "https://a.example/@b",
		"mailto:a@b":                         "mailto:a@b",
	} {
		for _, key := range []string{"url.full", "http.url", "http.target", "url.original"} {
			got := export(t, ended(func(s *tracetest.SpanStub) { s.Attributes = []attribute.KeyValue{attribute.String(key, text)} }))
			assert.Equal(t, want, got.tags()[key], "%s of %q", key, text)
		}
	}
}

// FuzzSpan: whatever a span contains, its post obeys Zipkin's schema, and contains none of the
// secrets that are planted in the span.
func FuzzSpan(f *testing.F) {
	f.Add("GET /", "k", "v", int64(1), int64(2), "10.0.0.1", uint8(2), "message")
	f.Add("\xff\x00\"", "error", "http://u:p@h/?q#f", int64(-1), int64(math.MaxInt64), "::ffff:1.2.3.4%z", uint8(3), "\\")
	f.Add("", "http.request.header.cookie", "\u2028", int64(math.MinInt64), int64(0), "fe80::1%eth0", uint8(5), "")
	f.Add("É", "host.name", strings.Repeat("é", 4001), int64(1e18), int64(-1e18), "h:1", uint8(4), "x")
	f.Add("parse ", "cookie", "\\", int64(1), int64(1), "?@/", uint8(3), "//")
	f.Add("headers", "value", "https://a//b:", int64(1), int64(1), "x@y?z#", uint8(3), `\/\/`)
	f.Fuzz(func(t *testing.T, name, key, value string, at, lasts int64, peer string, kind uint8, message string) {
		stub := ended(func(s *tracetest.SpanStub) {
			s.Name, s.SpanKind = name, oteltrace.SpanKind(kind)
			s.StartTime = time.Unix(0, at)
			s.EndTime = s.StartTime.Add(time.Duration(lasts))
			for _, k := range []string{"server.address", "network.peer.address", "peer.service"} {
				if k != key {
					s.Attributes = append(s.Attributes, attribute.String(k, peer))
				}
			}
			s.Attributes = append(s.Attributes, attribute.String(key, value))
			s.Events = []sdktrace.Event{{Name: name, Time: s.EndTime, Attributes: []attribute.KeyValue{attribute.String(key, value)}}}
			s.Status = sdktrace.Status{Code: codes.Code(kind % 3), Description: message}
			s.Resource = resource.NewSchemaless(attribute.String("service.name", peer), attribute.String(key, name))
			s.InstrumentationScope.Name = message
		})
		export(t, stub)

		// Now the span has the same texts beside secrets: in strings, in lists and maps, and in
		// nested lists and maps.
		url := value + " //u:" + canary + "@h/?" + canary + "#" + peer
		header := attribute.Map("http.request.header", attribute.String("authorization", canary), attribute.String(key, value), attribute.StringSlice("Cookie", []string{canary}))
		all := []attribute.KeyValue{
			header,
			attribute.String("any", url), attribute.StringSlice("any list", []string{url, value}), attribute.ByteSlice("any bytes", []byte(url)),
			attribute.Slice("values", attribute.MapValue(header, attribute.String(key+"#", url)), attribute.StringValue(url), attribute.SliceValue(attribute.StringSliceValue([]string{url}))),
			attribute.Map("request."+name, attribute.Map("headers", attribute.String("x-token", canary), attribute.Int64(key, at)), attribute.String("said", url), attribute.String(url, message)),
			attribute.Slice("http.response.headers", attribute.MapValue(attribute.String("name", "Set-Cookie"), attribute.String("value", canary), attribute.String("n", name))),
			attribute.String("net.peer.name", "u:"+canary+"@"+peer), attribute.String("url.full", url), attribute.Map(url, attribute.String(key, url)),
		}
		unquoted := export(t, ended(func(s *tracetest.SpanStub) {
			s.SpanKind, s.Attributes = oteltrace.SpanKind(kind), all
			s.Name, s.Status = url, sdktrace.Status{Code: codes.Error, Description: url}
			s.Events = []sdktrace.Event{{Name: url, Time: began, Attributes: all}}
			s.Resource = resource.NewSchemaless(append(all, attribute.String("service.name", url))...)
			s.InstrumentationScope = instrumentation.Scope{Name: url, Version: url}
		}))
		text, err := json.Marshal(unquoted)
		require.NoError(t, err)
		for _, secret := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:8]} {
			assert.NotContains(t, string(text), secret)
		}
	})
}

// TestTwoResources: one exporter may serve two SDKs.
func TestTwoResources(t *testing.T) {
	p := new(poster)
	e, err := zipkin.NewExporter(zipkin.Config{Endpoint: "http://collector.example", Client: &http.Client{Transport: p}})
	require.NoError(t, err)
	other := ended(func(s *tracetest.SpanStub) {
		s.Resource = resource.NewSchemaless(attribute.String("service.name", "other"))
	})
	require.NoError(t, e.ExportSpans(context.Background(), tracetest.SpanStubs{ended(nil), other, ended(nil)}.Snapshots()))
	var services []any
	for _, s := range p.take(t) {
		services = append(services, s["localEndpoint"].(map[string]any)["serviceName"])
	}
	assert.Equal(t, []any{"media-api", "other", "media-api"}, services)
}

func TestExportNothing(t *testing.T) {
	e, err := zipkin.NewExporter(zipkin.Config{Endpoint: "http://collector.example", Client: &http.Client{Transport: failing{}}})
	require.NoError(t, err)
	assert.NoError(t, e.ExportSpans(context.Background(), nil))
	assert.Zero(t, e.Stats())
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("not to be called")
}

// TestBody: the body of each post is gzip, and contains one JSON list.
func TestBody(t *testing.T) {
	p := new(poster)
	e, err := zipkin.NewExporter(zipkin.Config{Endpoint: "http://collector.example", Client: &http.Client{Transport: p}})
	require.NoError(t, err)
	stubs := make(tracetest.SpanStubs, 1025)
	for i := range stubs {
		stubs[i] = ended(func(s *tracetest.SpanStub) {
			s.SpanContext = spanContext(traceID128, oteltrace.SpanID{1, 6: byte(i >> 8), 7: byte(i)})
		})
	}
	require.NoError(t, e.ExportSpans(context.Background(), stubs.Snapshots()))
	assert.Len(t, p.bodies, 3, "posts of 512 spans each")
	assert.True(t, bytes.HasPrefix(p.bodies[0], []byte(`[{"traceId":"`)) && bytes.HasSuffix(p.bodies[0], []byte(`"}}]`)), "%.200s", p.bodies[0])
	assert.Len(t, p.take(t), 1025, "spans")
}
