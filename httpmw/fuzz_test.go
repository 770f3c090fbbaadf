package httpmw_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/stretchr/testify/require"
)

// sgr matches every colour code ("select graphic rendition") that logctx.Console writes.
var sgr = regexp.MustCompile("\x1b\\[(0|1|1;31|3[1-6]|9[0-6])m")

// quoted matches a string as Go quotes it: the console quotes text that is not plain.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// words returns the number of words of a console line. A quoted text is one word.
func words(line string) int { return len(strings.Split(quoted.ReplaceAllString(line, "q"), " ")) }

// drives reports whether r on a line controls a terminal or changes the order of the text.
func drives(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// FuzzAccessLog: every request has one line. No text in the request makes a JSON reader or a
// terminal see a second line, another field or a colour.
func FuzzAccessLog(f *testing.F) {
	f.Setenv("CLICOLOR_FORCE", "1")                                          // colours are on
	never := trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()}) // otherwise one line in a thousand would have the key "sampled"
	f.Add("GET", "/", "svc.example", "curl/8", "192.0.2.1:1234", id128+"-"+spanID+"-1-"+parentID)
	f.Add("", "", "", "", "", "")
	long := strings.Repeat("é", 5000)
	f.Add(long, long, long, long, long, long)
	for _, hostile := range hostilePaths {
		f.Add("GET", hostile, hostile, hostile, hostile, hostile)
		f.Add(hostile, "/", "", "", "[::1%"+hostile+"]:1", id64+"-"+spanID+"-d"+hostile)
	}
	f.Fuzz(func(t *testing.T, method, path, host, agent, remote, b3 string) {
		const secret = "~canary~" // only the host and the user agent contain it
		if strings.Contains(method+path+remote, secret) {
			return
		}
		var out, console, harmless bytes.Buffer
		request := func(console *bytes.Buffer, trust httpmw.Trust, r *http.Request) {
			jsonLogger, consoleLogger := logctx.New(&out), logctx.Console(console)
			h := httpmw.New(httpmw.Config{Trust: trusting(trust), TracerProvider: never})(
				httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &jsonLogger})(
					httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &consoleLogger})(http.HandlerFunc(nop))))
			h.ServeHTTP(minimal{http.Header{}}, r.WithContext(context.Background()))
		}
		for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs, httpmw.TrustAll} {
			header := http.Header{"B3": {b3}, "User-Agent": {secret + agent}}
			out.Reset()
			console.Reset()
			harmless.Reset()
			request(&harmless, trust, &http.Request{Method: "GET", URL: &url.URL{Path: "/"}, Header: header})
			wantKeys := keysOf(testkit.ParseLine(t, out.String()))
			out.Reset()
			request(&console, trust, &http.Request{Method: method, URL: &url.URL{Path: path}, Host: secret + host, RemoteAddr: remote, Header: header})

			text, ended := strings.CutSuffix(out.String(), "\n")
			require.True(t, ended, "JSON line %q ends with a line feed", text)
			require.False(t, strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 }), "JSON line %q has no control byte", text)
			line := testkit.ParseLine(t, text)
			for key, want := range map[string]string{"method": method, "path": path, "remote": remote} {
				if len(want) > 8000 {
					require.True(t, strings.HasSuffix(line[key].(string), "…"), "%s of JSON line %.100q is cut", key, text)
					continue
				}
				// Each byte that is not UTF-8 becomes one replacement character.
				require.Equal(t, string([]rune(want)), line[key], "%s of JSON line %q", key, text)
			}
			for key, value := range line {
				if form := logged[key]; form != nil {
					require.Regexp(t, form, value, "%s of JSON line %q", key, text)
				}
			}
			require.Equal(t, wantKeys, keysOf(line), "keys of JSON line %q", text)

			text, ended = strings.CutSuffix(console.String(), "\n")
			require.True(t, ended, "console line %q ends with a line feed", text)
			require.Contains(t, harmless.String(), "\x1b", "console line of a harmless request, in colour")
			// The line has as many colour codes as that of a harmless request, so none comes from
			// the input.
			require.Equal(t, strings.Count(harmless.String(), "\x1b"), strings.Count(text, "\x1b"), "escapes in console line %q", text)
			bare := sgr.ReplaceAllString(text, "")
			require.False(t, strings.ContainsFunc(bare, drives), "console line %q drives a terminal", bare)
			require.Equal(t, words(sgr.ReplaceAllString(harmless.String(), "")), words(bare), "words in console line %q: more words mean a forged field", bare)
			for what, all := range map[string]string{"JSON": out.String(), "console": text} {
				require.NotContains(t, all, secret, "host and user agent in the %s line", what)
			}
		}
	})
}
