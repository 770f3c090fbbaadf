package redact

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Of is like [Text], for a text about a request to u. u may be nil. Of also removes the secrets of
// u, wherever they are in the text. The secrets are the query, the fragment, the password, and a
// user without a password. If a secret is short, letters of other words may be removed too.
func Of(text string, u *url.URL) string {
	text = Text(text)
	if u == nil || u.User == nil && u.RawQuery == "" && u.Fragment == "" {
		return text
	}
	secrets := secretsOf(u)
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		pairs = append(pairs, secret, "…")
	}
	// One pass replaces all secrets. In several passes, a secret could match the replacement of
	// another, each time in more places.
	text = strings.NewReplacer(pairs...).Replace(text)
	for _, secret := range secrets {
		if strings.Contains(text, secret) { // a replacement contains the secret, or completes it
			return ""
		}
	}
	return text
}

// secretsOf returns the secrets of u in every form in which a text may contain them, the longest
// first.
func secretsOf(u *url.URL) (secrets []string) {
	add := func(texts ...string) {
		for _, text := range texts {
			quoted, ascii := strconv.Quote(text), strconv.QuoteToASCII(text)
			for _, s := range [...]string{text, quoted[1 : len(quoted)-1], ascii[1 : len(ascii)-1]} {
				if s != "" && !slices.Contains(secrets, s) {
					secrets = append(secrets, s)
				}
			}
		}
	}
	add(u.RawQuery, u.Fragment, u.EscapedFragment())
	if query, err := url.QueryUnescape(u.RawQuery); err == nil {
		add(query)
	}
	if password, set := u.User.Password(); set {
		_, escaped, _ := strings.Cut(u.User.String(), ":")
		add(u.User.Username()+":"+password, password, escaped)
	} else if u.User != nil {
		add(u.User.Username(), u.User.String())
	}
	slices.SortStableFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return secrets
}
