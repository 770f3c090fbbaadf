package redact_test

import (
	"net/url"
	"strings"
	"testing"

	"example.com/clew/internal/redact"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// canary is the secret.
const canary = "c4n4ry"

// texts maps texts to their safe forms.
var texts = map[string]string{
	"":        "",
	"EOF":     "EOF",
	"a@b ?c#": "a@b ?c#",
	"first http://a.example/?x=" + canary + " then <https://" + canary + "@b.example#" + canary + "> end": "first http://a.example/ then <https://b.example> end",
	"://?" + canary: "://",
	`["https://u:` + canary + `@a.example/?code=` + canary + `"]`:                                    `["https://a.example/"]`,
	`{"url":"https://a.example/?a=1\u0026token=` + canary + `"}`:                                     `{"url":"https://a.example/"}`,
	`parse "postgres://app:` + canary + `/x@db.example/": invalid port ":` + canary + `" after host`: "malformed URL",

	// A URL may lack its scheme.
	"//u:" + canary + "@a.example/p":                                   "//a.example/p",
	"dial //u:" + canary + "@a.example: refused":                       "dial //a.example: refused",
	"(//u:" + canary + "@a.example/p)":                                 "(//a.example/p)",
	"//a.example/cb?code=" + canary:                                    "//a.example/cb",
	"///u:" + canary + "@a.example/p":                                  "///a.example/p",
	"http:///u:" + canary + "@a.example/p":                             "http:///a.example/p",
	"https://cdn.example///u:" + canary + "@a.example/x":               "https://cdn.example///a.example/x",
	`Get "http:///u:` + canary + `@a.example": http: no Host`:          `Get "http:///a.example": http: no Host`,
	"//a.example/#" + canary + " and //" + canary + "@b.example":       "//a.example/ and //b.example",
	"https://cdn.example//u:" + canary + "@a.example/x":                "https://cdn.example//a.example/x",
	"https://cdn.example/a//u:" + canary + "?@a.example/x?y":           "https://cdn.example/a//a.example/x",
	"//cdn.example//a//u:" + canary + "@b.example//c":                  "//cdn.example//a//b.example//c",
	`{"url":"https:\/\/u:` + canary + `@a.example\/p?` + canary + `"}`: `{"url":"https://a.example/p"}`,
	`parse "//u:x ` + canary + `@h": invalid`:                          "malformed URL",
	`parse "//h/` + canary + `": invalid`:                              "malformed URL",
	"// what? is this":                                                 "// what? is this",
	"a // b @ c":                                                       "a // b @ c",
	"mail ann@a.example?":                                              "mail ann@a.example?",
	"git@a.example:b/c.git":                                            "git@a.example:b/c.git",
	"image:1@sha256:0123":                                              "image:1@sha256:0123",
	"//book/title":                                                     "//book/title",
	"https://a.example//b@c/d":                                         "https://a.example//c/d",
	"https://a.example/b@c//d":                                         "https://a.example/b@c//d",

	// The colons of an IPv6 address begin no password.
	"http://[::1]/@scope/package":                         "http://[::1]/@scope/package",
	"http://[fe80::1%25eth0]/ann@a.example":               "http://[fe80::1%25eth0]/ann@a.example",
	"http://u:" + canary + "@[2001:db8::1]/ann@a.example": "http://[2001:db8::1]/ann@a.example",
	"http://u:[" + canary + "::1]/x@host/":                "http://host/",
	"http://[u:" + canary + "]/x@host/":                   "http://host/",

	// These are lists, URLs in URLs, and passwords that should have been escaped.
	"connect nats://u:pw@h1:4222,nats://u:" + canary + "@h2:4222: refused":            "connect nats://h1:4222,nats://h2:4222: refused",
	"tried 'http://h1/a','http://u:" + canary + "@h2/b'":                              "tried 'http://h1/a','http://h2/b'",
	"https://cdn/http://u:" + canary + "@origin/x.png":                                "https://cdn/http://origin/x.png",
	"redis://:" + canary + "?x@host:6379":                                             "redis://host:6379",
	"amqp://user:" + canary + "#x@host/":                                              "amqp://host/",
	"postgres://user:" + canary + "/x@host/db":                                        "postgres://host/db",
	`parse \"http://u:x ` + canary + `@h\": invalid`:                                  "malformed URL",
	`parse "/p?` + canary + `": invalid URL escape`:                                   "malformed URL",
	"cannot parse the answer of https://a.example/?" + canary:                         "cannot parse the answer of https://a.example/",
	`cannot parse "config.yaml": line 3`:                                              `cannot parse "config.yaml": line 3`,
	"https://registry.example:4873/@scope/package":                                    "https://registry.example:4873/@scope/package",
	"https://a.example/?next=https://b.example/" + canary:                             "https://a.example/",
	"http://a.example/x?y=" + canary + ",http://u:" + canary + "@b.example/" + canary: "http://a.example/x",
}

func TestText(t *testing.T) {
	for text, want := range texts {
		got := redact.Text(text)
		assert.Equal(t, want, got, "Text(%q)", text)
		assert.NotContains(t, got, canary, "Text(%q)", text)
		assert.Equal(t, got, redact.Text(got), "Text of Text(%q)", text)
	}
}

func TestURL(t *testing.T) {
	for url, want := range map[string]string{
		"": "",
		"https://a.example/?name=O'Brien&token=" + canary: "https://a.example/",
		"https://a.example/?q=a b&token=" + canary:        "https://a.example/",
		"/cb?code=" + canary:                              "/cb",
		"//u:" + canary + "@a.example/cb?code=" + canary:  "//a.example/cb",
		"?" + canary:                         "",
		"https://u:" + canary + "@a.example": "https://a.example",
		"https://a.example/@b":               "https://a.example/@b",
		"mailto:a@b":                         "mailto:a@b",
	} {
		assert.Equal(t, want, redact.URL(url), "URL(%q)", url)
	}
}

func TestHost(t *testing.T) {
	for host, want := range map[string]string{
		"":                           "",
		"u:" + canary + "@a.example": "a.example",
		canary + "@a.example:5432":   "a.example:5432",
		"u:" + canary + "/x?y@a.example/db?p=" + canary: "a.example/db",
		"http://u:" + canary + "@a.example/?" + canary:  "http://a.example/",
		"a.example?" + canary:                           "a.example",
		"a.example":                                     "a.example",
		"2001:db8::1":                                   "2001:db8::1",
		"u:" + canary + "@192.0.2.1":                    "192.0.2.1",
	} {
		assert.Equal(t, want, redact.Host(host), "Host(%q)", host)
	}
}

// A text with many beginnings of URLs takes no longer than other texts. If the time grew with the
// square of the length, this test would take hours.
func TestLong(t *testing.T) {
	const megabyte = 1 << 20
	for name, text := range map[string]string{
		"slashes":     strings.Repeat("//", megabyte) + "@",
		"users":       strings.Repeat("//u@", megabyte),
		"schemes":     strings.Repeat("://", megabyte) + "@?",
		"paths":       "//h" + strings.Repeat("//p", megabyte) + "?@",
		"one user":    "//u@h" + strings.Repeat("//p", megabyte),
		"a late user": "//u@h" + strings.Repeat("//p", megabyte) + "@" + strings.Repeat("/x", megabyte),
		"bad ports":   strings.Repeat("//h:p/", megabyte) + "@",
		"backslashes": strings.Repeat(`\/\/@`, megabyte),
		"parse":       strings.Repeat(`parse \"`, megabyte),
	} {
		for what, got := range map[string]string{"Text": redact.Text(text), "URL": redact.URL(text), "Host": redact.Host(text)} {
			assert.LessOrEqual(t, len(got), len(text), "%s of %s", what, name)
		}
	}
}

// Of removes the secrets of a request's URL in every form.
func TestOf(t *testing.T) {
	parse := func(raw string) *url.URL {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		return u
	}
	for _, tt := range []struct {
		name string
		url  *url.URL
		text string
		want string
	}{
		{"no URL", nil, "a http://u:" + canary + "@h/ b", "a http://h/ b"},
		{"no secret", parse("http://h/p"), "/p of h", "/p of h"},
		{"a query", parse("http://h/?t=" + canary), "t=" + canary + "!", "…!"},
		{"an escaped query", parse("http://h/?t=%22" + canary), "t=%22" + canary + " or t=\"" + canary + " or t=\\\"" + canary, "… or … or …"},
		{"a fragment", parse("http://h/#" + canary), "at " + canary, "at …"},
		{"a password", parse("http://u:" + canary + "@h/"), "u:" + canary + " or u, " + canary, "… or u, …"},
		{"an escaped password", parse("http://u:%40" + canary + "@h/"), "%40" + canary + " or @" + canary, "… or …"},
		{"a user alone", parse("http://" + canary + "@h/"), canary + " of h", "… of h"},
		{"an empty password", parse("http://u:@h/"), "u of h, u:", "u of h, …"},
		{"not ASCII", parse("http://u:%C3%BC" + canary + "@h/"), "ü" + canary + ` or \u00fc` + canary, "… or …"},
		{"not ASCII, quoted", parse("http://u:%C3%BC%22" + canary + "@h/"), `ü\"` + canary + ` or \u00fc\"` + canary, "… or …"},
		{"a quote", parse("http://h/?%22"), `\\ and \" and %22`, `\\ and … and …`},
		{"a secret inside of another", parse("http://u:a@h/?aa"), "aa a", "… …"},
		{"a secret of one letter", parse("http://h/?c"), "connect", "…onne…t"},
		{"a secret in the replacement", &url.URL{Host: "h", RawQuery: "x", User: url.UserPassword("u", "a…b")}, "axb", ""},
		{"secrets that are bytes of the replacement", &url.URL{Host: "h", RawQuery: "\xe2", Fragment: "\x80", User: url.UserPassword("\xa6", "x")}, strings.Repeat("x", 100), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, redact.Of(tt.text, tt.url))
		})
	}
}

// FuzzText checks that the user and the query of a URL are removed, whatever stands around the URL
// and in it.
func FuzzText(f *testing.F) {
	for text := range texts {
		f.Add(text, "a.example", "/p", " end")
	}
	f.Add("first ", "a.example:80", "/p//q", "\" and")
	f.Fuzz(func(t *testing.T, before, host, path, after string) {
		plain := strings.NewReplacer("//", "/", "@", "", "?", "", "#", "", `"`, "", "<", "", ">", "", " ", "", "\t", "", "\r", "", "\n", "", `\`, "")
		host, path = plain.Replace(strings.ReplaceAll(host, "/", "")), "/"+strings.TrimLeft(plain.Replace(path), "/")
		if strings.Contains(before+host+path+after, canary) {
			return // the canary is no secret in these texts
		}
		url := "http://u:" + canary + "@" + host + path + "?" + canary + "#" + canary
		assert.NotContains(t, redact.Text(before+" "+url+" "+after), canary)
		assert.NotContains(t, redact.URL(url), canary)
	})
}
