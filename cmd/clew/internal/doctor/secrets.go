package doctor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// mask replaces a secret. [url.URL.Redacted] uses the same word.
const mask = "xxxxx"

// MaskRefused masks everything in a text that may be a secret. The text should be a URL, but no
// parser accepts it. So everything before the last @ may be a password.
func MaskRefused(text string) string {
	start := 0
	if scheme, _, ok := strings.Cut(text, "://"); ok && !strings.ContainsAny(scheme, ":@/?#") {
		start = len(scheme) + len("://")
	}
	scheme, shown := text[:start], text[start:]
	if at := strings.LastIndexByte(shown, '@'); at >= 0 {
		shown = mask + shown[at:]
	}
	if at := strings.IndexAny(shown, "?#"); at >= 0 {
		shown = shown[:at+1] + mask
	}
	return scheme + shown
}

// maskURL returns a URL without secrets, for reports, which end up in other people's logs. The
// user's name may be a token, and so may each value of the query.
func maskURL(u *url.URL) string {
	shown := *u
	if u.User != nil {
		shown.User = url.User(mask)
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		name, _, hasValue := strings.Cut(pair, "=")
		switch {
		case hasValue:
			pairs[i] = name + "=" + mask
		case pair != "":
			pairs[i] = mask
		}
	}
	shown.RawQuery = strings.Join(pairs, "&")
	return shown.String()
}

// shortest is the length of the shortest secret that is masked. A shorter text may be a word in
// clew's own sentences.
const shortest = 4

// maskOwn masks the secrets that the user gave along with requests, because a service may send
// them back.
func (c Config) maskOwn(text string, u *url.URL) string {
	for _, secret := range secrets(c.Header, u) {
		text = strings.ReplaceAll(text, secret, mask)
	}
	return text
}

// maskLocation returns the target of a redirect without its query, because the query may have a
// secret of the user. It returns "" if the answer is no redirect. Answers with the statuses 300
// and 304 are no redirects.
func (c Config) maskLocation(resp *http.Response, u *url.URL) string {
	location := resp.Header.Get("Location")
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return ""
	}
	to, err := url.Parse(location)
	if err != nil {
		return c.maskOwn(MaskRefused(location), u)
	}
	hasQuery := to.RawQuery != "" || to.Fragment != ""
	to.RawQuery, to.Fragment, to.RawFragment = "", "", ""
	shown := maskURL(to)
	if hasQuery {
		shown += "?…"
	}
	return c.maskOwn(shown, u)
}

// secrets returns the secrets in headers and a URL, in each form in which they may come back, the
// longest first.
func secrets(header http.Header, u *url.URL) (list []string) {
	add := func(text string) {
		for _, form := range []string{text, url.QueryEscape(text), url.PathEscape(text)} {
			if len(form) >= shortest && form != "http" && form != "https" {
				list = append(list, form)
			}
		}
	}
	for name, values := range header {
		if name == "Host" {
			continue
		}
		for _, value := range values {
			add(value)
			for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(" ;,=", r) }) {
				add(word)
			}
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		add(u.User.Username())
		add(password)
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(u.User.Username(), password)
		add(strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
	}
	for _, values := range u.Query() {
		for _, value := range values {
			add(value)
		}
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return list
}
