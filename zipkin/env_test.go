package zipkin_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// environment sets the variables that FromEnv reads, and unsets those that are not in vars.
func environment(t testing.TB, vars map[string]string) {
	t.Helper()
	known := []string{
		"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_ZIPKIN_ENDPOINT", "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
		"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
	}
	for _, name := range known {
		value, set := vars[name]
		t.Setenv(name, value)
		if !set {
			os.Unsetenv(name)
		}
	}
	for name := range vars {
		require.Contains(t, known, name, "vars contains a variable that FromEnv does not read")
	}
}

// accepted returns the context of a caller that has accepted, so that no sampler is asked.
func accepted() context.Context {
	caller := testkit.B3(id64 + "-" + spanID + "-1")
	return trace.NewContext(context.Background(), caller)
}

const toDefault = "http://localhost:9411/api/v2/spans"

func TestFromEnvOnAndOff(t *testing.T) {
	const theirs, inCfg = "http://theirs.test/spans", "http://cfg.test/api/v2/spans"
	for _, tt := range []struct {
		name     string
		vars     map[string]string
		endpoint string // the Endpoint of cfg
		want     string // the URL that spans are posted to; "": the Provider is off
	}{
		{"no variables", nil, "", ""},
		{"all empty", map[string]string{"OTEL_TRACES_EXPORTER": "", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": "", "OTEL_SDK_DISABLED": ""}, "", ""},
		{"all blank", map[string]string{"OTEL_TRACES_EXPORTER": " ", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": "\t", "OTEL_SDK_DISABLED": " "}, "", ""},
		{"an empty list counts as not set", map[string]string{"OTEL_TRACES_EXPORTER": " , "}, inCfg, inCfg},
		{"the endpoint", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": " " + theirs + " "}, "", theirs},
		{"an endpoint without a path", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://theirs.test:9411"}, "", "http://theirs.test:9411/api/v2/spans"},
		{"an endpoint of cfg", nil, inCfg, inCfg},
		{"cfg wins", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": theirs}, inCfg, inCfg},
		{"the exporter", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, "", toDefault},
		{"the exporter, in capitals", map[string]string{"OTEL_TRACES_EXPORTER": " Zipkin "}, "", toDefault},
		{"the exporter among others", map[string]string{"OTEL_TRACES_EXPORTER": "otlp, zipkin"}, "", toDefault},
		{"exporter and endpoint", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": theirs}, "", theirs},
		{"the exporter none", map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": theirs}, "", ""},
		{"the exporter none, and an endpoint of cfg", map[string]string{"OTEL_TRACES_EXPORTER": "none"}, inCfg, ""},
		{"another exporter", map[string]string{"OTEL_TRACES_EXPORTER": "otlp,console", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": theirs}, "", ""},
		{"another exporter, and an endpoint that is no URL", map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": "?"}, "", ""},
		{"zipkin as a part of another name", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin2"}, inCfg, ""},
		{"disabled", map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "zipkin"}, inCfg, ""},
		{"disabled, in capitals", map[string]string{"OTEL_SDK_DISABLED": "TRUE"}, inCfg, ""},
		{"not disabled", map[string]string{"OTEL_SDK_DISABLED": "False"}, inCfg, inCfg},
		{"disabled, and all else nonsense", map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "zipkin",
			"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "?", "OTEL_EXPORTER_ZIPKIN_TIMEOUT": "?", "OTEL_TRACES_SAMPLER": "?", "OTEL_BSP_MAX_QUEUE_SIZE": "?"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, tt.vars)
			c := new(collector)
			tp, err := zipkin.FromEnv(zipkin.Config{Service: "media-api", Endpoint: tt.endpoint, Client: c.client()})
			require.NoError(t, err, "FromEnv")
			_, span := tp.Tracer("test").Start(accepted(), "work")
			assert.Equal(t, tt.want != "", span.IsRecording(), "IsRecording()")
			assert.True(t, span.SpanContext().IsSampled(), "IsSampled()")
			span.End()
			require.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
			var got []string
			for _, p := range c.tries() {
				got = append(got, p.URL.String())
			}
			if tt.want == "" {
				assert.Empty(t, got, "posts")
				return
			}
			assert.Equal(t, []string{tt.want}, got, "posts")
		})
	}
}

func TestFromEnvService(t *testing.T) {
	for _, tt := range []struct {
		name string
		vars map[string]string
		cfg  string
		err  string
	}{
		{"no service, Provider off", nil, "", ""},
		{"no service, Provider on", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, "", "zipkin: no Service, and none in the environment"},
		{"no service, Provider on, and another error", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_TRACES_SAMPLER_ARG": "2", "OTEL_TRACES_SAMPLER": "traceidratio"}, "",
			"zipkin: OTEL_TRACES_SAMPLER_ARG is not a number between 0 and 1\nzipkin: no Service, and none in the environment"},
		{"no service, Provider off, and another error", map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_TRACES_SAMPLER_ARG": "2", "OTEL_TRACES_SAMPLER": "traceidratio"}, "",
			"zipkin: OTEL_TRACES_SAMPLER_ARG is not a number between 0 and 1"},
		{"OTEL_SERVICE_NAME", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_SERVICE_NAME": "s"}, "", ""},
		{"OTEL_RESOURCE_ATTRIBUTES", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_RESOURCE_ATTRIBUTES": "service.name=s"}, "", ""},
		{"cfg", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, "s", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, tt.vars)
			tp, err := zipkin.FromEnv(zipkin.Config{Service: tt.cfg})
			if tt.err != "" {
				assert.EqualError(t, err, tt.err, "FromEnv")
				return
			}
			require.NoError(t, err, "FromEnv")
			assert.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
		})
	}
}

// TestFromEnvSampler: the sampler is the same in a provider that is on and in one that is off. A
// caller's decision is obeyed with all samplers.
func TestFromEnvSampler(t *testing.T) {
	for _, tt := range []struct {
		name, sampler, arg string
		cfg                zipkin.Config
		want               float64
	}{
		{name: "not set", want: 0.001},
		{name: "blank", sampler: "  ", want: 0.001}, // an SDK would report the blank to its ErrorHandler
		{name: "an argument alone is not read", arg: "nonsense", want: 0.001},
		{name: "on", sampler: "always_on", want: 1},
		{name: "off", sampler: "always_off", want: 0},
		{name: "ratio", sampler: "traceidratio", arg: "0.25", want: 0.25},
		{name: "ratio without an argument", sampler: "traceidratio", want: 1},
		{name: "ratio 0", sampler: "traceidratio", arg: "0", want: 0},
		{name: "ratio 1", sampler: "traceidratio", arg: "1", want: 1},
		{name: "an exponent, in spaces", sampler: "traceidratio", arg: " 1e-3\t", want: 0.001},
		{name: "a number too small for a float64", sampler: "traceidratio", arg: "1e-999", want: 0},
		{name: "parent-based on", sampler: "parentbased_always_on", want: 1},
		{name: "parent-based off", sampler: "parentbased_always_off", want: 0},
		{name: "parent-based ratio", sampler: "parentbased_traceidratio", arg: "0.5", want: 0.5},
		{name: "capitals", sampler: " Always_On ", want: 1},
		{name: "an argument for another sampler", sampler: "always_on", arg: "nonsense", want: 1},
		{name: "cfg's Ratio wins", sampler: "always_on", cfg: zipkin.Config{Ratio: 0.5}, want: 0.5},
		{name: "cfg's Ratio wins over nonsense", sampler: "nonsense", arg: "nonsense", cfg: zipkin.Config{Ratio: 0.5}, want: 0.5},
	} {
		for _, exporter := range []string{"zipkin", "none"} {
			t.Run(tt.name+", exporter "+exporter, func(t *testing.T) {
				vars := map[string]string{"OTEL_TRACES_EXPORTER": exporter}
				if tt.sampler != "" {
					vars["OTEL_TRACES_SAMPLER"] = tt.sampler
				}
				if tt.arg != "" {
					vars["OTEL_TRACES_SAMPLER_ARG"] = tt.arg
				}
				environment(t, vars)
				cfg := tt.cfg
				cfg.Service, cfg.Client = "media-api", new(collector).client()
				tp, err := zipkin.FromEnv(cfg)
				require.NoError(t, err, "FromEnv")
				defer func() { assert.NoError(t, tp.Shutdown(patience(t)), "Shutdown") }()
				assert.InDelta(t, tt.want, tp.Ratio(), 0, "Ratio()")
				assertDecides(t, tp, tt.want)
			})
		}
	}
}

// assertDecides checks that a provider obeys callers, and samples this share of the traces whose
// callers defer.
func assertDecides(t *testing.T, tp *zipkin.Provider, share float64) {
	t.Helper()
	for _, tt := range []struct {
		caller string
		want   bool
	}{
		{id64 + "-" + spanID + "-1", true},
		{id64 + "-" + spanID + "-d", true},
		{id64 + "-" + spanID + "-0", false},
		{"0000000000000001-a2fb4a1d1a96d312", share > 0},
		{"ffffffffffffffff-a2fb4a1d1a96d312", share == 1},
		{"7fffffffffffffff-a2fb4a1d1a96d312", share >= 0.5},
	} {
		caller := testkit.B3(tt.caller)
		ctx, span := trace.Starter{TracerProvider: tp}.Start(context.Background(), caller, "work")
		b, _ := trace.FromContext(ctx)
		assert.Equal(t, tt.want, span.SpanContext().IsSampled(), "whether the span is sampled, for the caller %s", tt.caller)
		assert.Equal(t, caller.ID(), b.ID(), "trace ID, for the caller %s", tt.caller)
		span.End()
	}
}

func TestFromEnvWithASampler(t *testing.T) {
	for _, exporter := range []string{"zipkin", "none"} {
		t.Run(exporter, func(t *testing.T) {
			environment(t, map[string]string{"OTEL_TRACES_EXPORTER": exporter, "OTEL_TRACES_SAMPLER": "always_off"})
			tp, err := zipkin.FromEnv(zipkin.Config{Service: "s", Sampler: trace.Always(), Client: new(collector).client()})
			require.NoError(t, err, "FromEnv")
			assertDecides(t, tp, 1)
			assert.Error(t, tp.SetRatio(0), "SetRatio beside a Sampler")
			assert.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
		})
	}
}

func TestFromEnvQueue(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		cfg, want   int
	}{
		{"set", " 3 ", 0, 3},
		{"cfg wins", "3", 5, 5},
		{"cfg wins over nonsense", "nonsense", 5, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				environment(t, map[string]string{"OTEL_BSP_MAX_QUEUE_SIZE": tt.value})
				c := &collector{answer: swallow}
				tp, err := zipkin.FromEnv(zipkin.Config{Service: "s", Endpoint: "http://collector.test", QueueSpans: tt.cfg, Ratio: 1, Client: c.client()})
				require.NoError(t, err, "FromEnv")
				end(tp, 8)
				assert.EqualValues(t, tt.want, tp.Stats().Queued, "Stats().Queued")
				assert.Error(t, tp.Shutdown(expired(t)), "Shutdown")
			})
		})
	}
}

func TestFromEnvTimeout(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		client      time.Duration
		want        time.Duration
	}{
		{"not set", "", 0, 10 * time.Second},
		{"less than the default", "1500", 0, 1500 * time.Millisecond},
		{"more than the default", " 60000 ", 0, time.Minute},
		{"no limit", "0", 0, (1<<31 - 1) * time.Millisecond},
		{"the Client's own Timeout is less", "60000", 5 * time.Second, 5 * time.Second},
		{"the Client's own Timeout is more", "1500", 5 * time.Second, 1500 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				environment(t, map[string]string{"OTEL_EXPORTER_ZIPKIN_TIMEOUT": tt.value})
				var got time.Duration
				client := &http.Client{Timeout: tt.client, Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					deadline, _ := r.Context().Deadline()
					got = time.Until(deadline)
					return reply(http.StatusAccepted, ""), nil
				})}
				tp, err := zipkin.FromEnv(zipkin.Config{Service: "s", Endpoint: "http://collector.test", Ratio: 1, Client: client})
				require.NoError(t, err, "FromEnv")
				end(tp, 1)
				assert.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
				assert.Equal(t, tt.want, got, "time for a post")
			})
		})
	}
}

func TestFromEnvRefuses(t *testing.T) {
	const (
		canary   = "cacacaca"
		samplers = "known are always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio"
	)
	for _, tt := range []struct {
		name string
		vars map[string]string
		cfg  zipkin.Config
		want []string // the lines of the error
	}{
		{"disabled by a number", map[string]string{"OTEL_SDK_DISABLED": "1"}, zipkin.Config{}, []string{"zipkin: OTEL_SDK_DISABLED is neither true nor false"}},
		{"jaeger_remote", map[string]string{"OTEL_TRACES_SAMPLER": "jaeger_remote"}, zipkin.Config{},
			[]string{`zipkin: OTEL_TRACES_SAMPLER: "jaeger_remote" is unknown; ` + samplers}},
		{"parentbased_jaeger_remote", map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_jaeger_remote", "OTEL_TRACES_SAMPLER_ARG": canary}, zipkin.Config{},
			[]string{`zipkin: OTEL_TRACES_SAMPLER: "parentbased_jaeger_remote" is unknown; ` + samplers}},
		{"xray, and the Provider is off", map[string]string{"OTEL_TRACES_SAMPLER": "xray", "OTEL_TRACES_EXPORTER": "none"}, zipkin.Config{},
			[]string{`zipkin: OTEL_TRACES_SAMPLER: "xray" is unknown; ` + samplers}},
		{"a prefix alone", map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_"}, zipkin.Config{}, []string{`zipkin: OTEL_TRACES_SAMPLER: "parentbased_" is unknown; ` + samplers}},
		{"a prefix twice", map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_parentbased_always_on"}, zipkin.Config{},
			[]string{`zipkin: OTEL_TRACES_SAMPLER: "parentbased_parentbased_always_on" is unknown; ` + samplers}},
		{"a sampler with control characters", map[string]string{"OTEL_TRACES_SAMPLER": "\x1b[2J\u202ex\n"}, zipkin.Config{},
			[]string{`zipkin: OTEL_TRACES_SAMPLER: "\x1b[2j\u202ex" is unknown; ` + samplers}},
		{"a long sampler", map[string]string{"OTEL_TRACES_SAMPLER": strings.Repeat("s", 1000)}, zipkin.Config{},
			[]string{`zipkin: OTEL_TRACES_SAMPLER: "` + strings.Repeat("s", 40) + `..." is unknown; ` + samplers}},
		{"a share that is no number", map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": canary}, zipkin.Config{},
			[]string{"zipkin: OTEL_TRACES_SAMPLER_ARG is not a number between 0 and 1"}},
		{"a share in percent", map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10"}, zipkin.Config{},
			[]string{"zipkin: OTEL_TRACES_SAMPLER_ARG is not a number between 0 and 1"}},
		{"NaN", map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, zipkin.Config{},
			[]string{"zipkin: OTEL_TRACES_SAMPLER_ARG is not a number between 0 and 1"}},
		{"a negative share", map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "-0.1"}, zipkin.Config{},
			[]string{"zipkin: OTEL_TRACES_SAMPLER_ARG is not a number between 0 and 1"}},
		{"an endpoint without a scheme", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "user:" + canary + "@collector.test:9411"}, zipkin.Config{},
			[]string{"zipkin: OTEL_EXPORTER_ZIPKIN_ENDPOINT is not an http or https URL"}},
		{"an endpoint that is no URL", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://user:" + canary + "@[::1"}, zipkin.Config{},
			[]string{"zipkin: OTEL_EXPORTER_ZIPKIN_ENDPOINT is not a URL"}},
		{"an endpoint of another scheme", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "ftp://user:" + canary + "@collector.test"}, zipkin.Config{},
			[]string{"zipkin: OTEL_EXPORTER_ZIPKIN_ENDPOINT is not an http or https URL"}},
		{"an endpoint without a host", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http:///" + canary}, zipkin.Config{},
			[]string{"zipkin: OTEL_EXPORTER_ZIPKIN_ENDPOINT has no host"}},
		{"a queue of 0", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_BSP_MAX_QUEUE_SIZE": "0"}, zipkin.Config{},
			[]string{"zipkin: OTEL_BSP_MAX_QUEUE_SIZE is not a whole number from 1 to 2147483647"}},
		{"a queue larger than any int", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_BSP_MAX_QUEUE_SIZE": "2147483648"}, zipkin.Config{},
			[]string{"zipkin: OTEL_BSP_MAX_QUEUE_SIZE is not a whole number from 1 to 2147483647"}},
		{"a timeout with a unit", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_ZIPKIN_TIMEOUT": "10s"}, zipkin.Config{},
			[]string{"zipkin: OTEL_EXPORTER_ZIPKIN_TIMEOUT is not a whole number of milliseconds from 0 to 2147483647"}},
		{"a negative timeout", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_ZIPKIN_TIMEOUT": "-1"}, zipkin.Config{},
			[]string{"zipkin: OTEL_EXPORTER_ZIPKIN_TIMEOUT is not a whole number of milliseconds from 0 to 2147483647"}},
		{"faults in cfg, and the Provider is off", map[string]string{"OTEL_SDK_DISABLED": "true"}, zipkin.Config{Ratio: 2, QueueSpans: -1, Endpoint: "ftp://" + canary}, []string{
			"zipkin: Endpoint is not an http or https URL", "zipkin: Ratio 2 is not between 0 and 1", "zipkin: QueueSpans -1 is negative"}},
		{"Ratio and Sampler, and the Provider is off", nil, zipkin.Config{Ratio: 0.5, Sampler: trace.Always()}, []string{"zipkin: both Ratio and Sampler are set"}},
		{"all at once", map[string]string{"OTEL_SDK_DISABLED": "yes", "OTEL_TRACES_SAMPLER": "x", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": canary,
			"OTEL_EXPORTER_ZIPKIN_TIMEOUT": canary, "OTEL_BSP_MAX_QUEUE_SIZE": canary}, zipkin.Config{QueueBytes: -1}, []string{
			"zipkin: OTEL_SDK_DISABLED is neither true nor false",
			"zipkin: OTEL_EXPORTER_ZIPKIN_ENDPOINT is not an http or https URL",
			`zipkin: OTEL_TRACES_SAMPLER: "x" is unknown; ` + samplers,
			"zipkin: OTEL_BSP_MAX_QUEUE_SIZE is not a whole number from 1 to 2147483647",
			"zipkin: OTEL_EXPORTER_ZIPKIN_TIMEOUT is not a whole number of milliseconds from 0 to 2147483647",
			"zipkin: QueueBytes -1 is negative"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, tt.vars)
			tt.cfg.Service = "media-api"
			tp, err := zipkin.FromEnv(tt.cfg)
			assert.Nil(t, tp, "FromEnv")
			require.EqualError(t, err, strings.Join(tt.want, "\n"), "FromEnv")
			assert.NotContains(t, err.Error(), canary, "FromEnv")
		})
	}
}
