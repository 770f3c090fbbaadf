package trace_test

import (
	"context"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

const envPropagators = "OTEL_PROPAGATORS"

func TestPropagatorFromEnv(t *testing.T) {
	single := trace.Propagator{Encoding: b3.B3SingleHeader}
	composite := propagation.NewCompositeTextMapPropagator
	for _, tt := range []struct {
		name, value string
		want        propagation.TextMapPropagator
	}{
		{"an empty variable counts as not set", "", trace.Propagator{}},
		{"blank", " \t", trace.Propagator{}},
		{"an empty list counts as not set", " , ,", trace.Propagator{}},
		{"b3 is one header", "b3", single},
		{"b3multi is X-B3-*", "b3multi", trace.Propagator{}},
		{"both", "b3,b3multi", trace.Propagator{Encoding: both}},
		{"both, the other way round", "b3multi,b3", trace.Propagator{Encoding: both}},
		{"W3C beside b3", "b3,tracecontext", trace.Propagator{Encoding: b3.B3SingleHeader, W3C: true}},
		{"W3C listed first: B3 is still read first", "tracecontext,b3multi", trace.Propagator{W3C: true}},
		{"all three", "tracecontext,b3,b3multi", trace.Propagator{Encoding: both, W3C: true}},
		{"W3C alone is OpenTelemetry's propagator", "tracecontext", propagation.TraceContext{}},
		{"baggage alone", "baggage", propagation.Baggage{}},
		{"OpenTelemetry's default", "tracecontext,baggage", composite(propagation.TraceContext{}, propagation.Baggage{})},
		{"baggage beside b3", "baggage,b3", composite(single, propagation.Baggage{})},
		{"everything", "tracecontext,baggage,b3,b3multi",
			composite(trace.Propagator{Encoding: both, W3C: true}, propagation.Baggage{})},
		{"repeated", "b3,b3,tracecontext,b3,tracecontext", trace.Propagator{Encoding: b3.B3SingleHeader, W3C: true}},
		{"spaces and capitals", " B3 ,\tTraceContext,", trace.Propagator{Encoding: b3.B3SingleHeader, W3C: true}},
		{"none", "none", composite()},
		{"none, twice", "none,None", composite()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(envPropagators, tt.value)
			got, err := trace.PropagatorFromEnv()
			require.NoError(t, err, "PropagatorFromEnv() with %q", tt.value)
			assert.Equal(t, tt.want, got, "PropagatorFromEnv() with %q", tt.value)
		})
	}
}

func TestPropagatorFromEnvRefuses(t *testing.T) {
	const known = "known are b3, b3multi, tracecontext, baggage, none"
	for _, tt := range []struct{ name, value, want string }{
		{"jaeger", "jaeger", `trace: OTEL_PROPAGATORS: "jaeger" is unknown; ` + known},
		{"xray among others", "b3,xray,baggage", `trace: OTEL_PROPAGATORS: "xray" is unknown; ` + known},
		{"two unknown names", "ottrace,b3,XRay", `trace: OTEL_PROPAGATORS: "ottrace" is unknown; ` + known +
			"\n" + `trace: OTEL_PROPAGATORS: "xray" is unknown; ` + known},
		{"another separator", "b3;baggage", `trace: OTEL_PROPAGATORS: "b3;baggage" is unknown; ` + known},
		{"none beside others", "none,b3", "trace: OTEL_PROPAGATORS lists none beside other names"},
		{"none at the end", "b3,none", "trace: OTEL_PROPAGATORS lists none beside other names"},
		{"bytes that are no text", "b3,\x1b[31m\"\n\u202e\xff", `trace: OTEL_PROPAGATORS: "\x1b[31m\"\n\u202e\ufffd" is unknown; ` + known},
		{"a long name", strings.Repeat("x", 1000), `trace: OTEL_PROPAGATORS: "` + strings.Repeat("x", 40) + `..." is unknown; ` + known},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(envPropagators, tt.value)
			got, err := trace.PropagatorFromEnv()
			assert.EqualError(t, err, tt.want, "PropagatorFromEnv() with %q", tt.value)
			assert.Nil(t, got, "PropagatorFromEnv() with %q", tt.value)
		})
	}
}

// In the specification, b3 and b3multi both read both forms. They differ only in the form that
// they write.
func TestPropagatorFromEnvOnTheWire(t *testing.T) {
	multi := testkit.Header(xTrace, id64, xSpan, spanID, xSampled, "1")
	w3c := testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-01", "baggage", "k=v")
	for _, tt := range []struct {
		name, value string
		received    propagation.HeaderCarrier
		want        map[string]string // the headers sent on
	}{
		{"b3 reads X-B3-*", "b3", propagation.HeaderCarrier(multi), map[string]string{"B3": id64 + "-" + spanID + "-1"}},
		{"b3multi reads b3", "b3multi", propagation.HeaderCarrier(testkit.Header("b3", id64+"-"+spanID+"-1")),
			map[string]string{xTrace: id64, xSpan: spanID, xSampled: "1"}},
		{"b3 does not read traceparent", "b3", propagation.HeaderCarrier(w3c), map[string]string{}},
		{"b3 beside tracecontext reads traceparent", "b3,tracecontext,baggage", propagation.HeaderCarrier(w3c),
			map[string]string{"B3": id128 + "-" + spanID + "-1", "Traceparent": "00-" + id128 + "-" + spanID + "-01", "Baggage": "k=v"}},
		{"none", "none", propagation.HeaderCarrier(multi), map[string]string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(envPropagators, tt.value)
			p, err := trace.PropagatorFromEnv()
			require.NoError(t, err)
			sent := propagation.HeaderCarrier{}
			p.Inject(p.Extract(context.Background(), tt.received), sent)
			want := propagation.HeaderCarrier{}
			for name, value := range tt.want {
				want.Set(name, value)
			}
			assert.Equal(t, want, sent, "headers sent")
		})
	}
}

func TestPropagatorFromEnvBringsBaggage(t *testing.T) {
	t.Setenv(envPropagators, "b3,baggage")
	p, err := trace.PropagatorFromEnv()
	require.NoError(t, err)
	ctx := p.Extract(context.Background(), propagation.HeaderCarrier(testkit.Header("b3", id64+"-"+spanID, "baggage", "k=v")))
	assert.Equal(t, "v", baggage.FromContext(ctx).Member("k").Value(), "baggage")
	b, _ := trace.FromContext(ctx)
	assert.Equal(t, said{id64, spanID, "", trace.Defer}, testkit.SaidBy(b), "the B3 of the caller that defers")
}
