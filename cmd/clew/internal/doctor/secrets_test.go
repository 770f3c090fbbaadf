package doctor_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Reports show no password, token or value of a query, although the service gets them.
func TestSecretsInURL(t *testing.T) {
	var user, password, query string
	u := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
		query = r.URL.RawQuery
	})
	host := strings.TrimPrefix(u, "http://")
	for _, test := range []struct{ url, shown, user, password, query string }{
		{"http://me:s3cret@" + host, "http://xxxxx@" + host, "me", "s3cret", ""},
		{"http://s3cret@" + host, "http://xxxxx@" + host, "s3cret", "", ""},
		{u + "?token=s3cret&n=&flag&to=s3cret", u + "?token=xxxxx&n=xxxxx&xxxxx&to=xxxxx", "", "", "token=s3cret&n=&flag&to=s3cret"},
		{u + "?s3cret", u + "?xxxxx", "", "", "s3cret"},
	} {
		user, password, query = "", "", ""
		found := target(t, test.url)
		assert.Equal(t, test.shown, found.String())
		d := config().Examine(t.Context(), found)
		assert.Equal(t, test.shown, d.URL)
		assert.Equal(t, []string{test.user, test.password, test.query}, []string{user, password, query})
	}
	found, err := doctor.NewTarget(found(t, "http://127.0.0.1:1/"), func(*http.Request) (*url.URL, error) { return url.Parse("http://s3cret@proxy:1") })
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:1/ by the proxy http://xxxxx@proxy:1", found.String())
}

func found(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := doctor.ParseURL(text)
	require.NoError(t, err)
	return u
}

// If a service sends the user's secrets back, the report masks them.
func TestSecretsThatComeBack(t *testing.T) {
	for _, location := range []string{
		"/login?auth=Bearer+s3cret", "/login/s3cret", "/login/Bearer%20s3cret", "/login#s3cret", "http://s3cret@elsewhere/", "http://%zz/?a=s3cret", "/p4ssword/t0ken%2F1", "/bWU6cDRzc3dvcmQ=",
	} {
		u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		})
		c := config()
		c.Header.Set("Authorization", "Bearer s3cret")
		c.Header.Set("X-Forwarded-Proto", "http")
		d := c.Examine(t.Context(), target(t, strings.Replace(u, "http://", "http://me:p4ssword@", 1)+"?token=t0ken/1"))
		var out bytes.Buffer
		report := doctor.Report{Targets: []*doctor.Diagnosis{d}}
		require.NoError(t, report.JSON(&out))
		assert.Contains(t, out.String(), "it redirects (302 Found) to ")
		assert.NotRegexp(t, "s3cret|p4ssword|t0ken|bWU6cDRzc3dvcmQ", out.String(), location)
	}
	c := config()
	c.Header.Set("Authorization", "Bearer s3cret")
	address := raw(t, func(_ context.Context, conn net.Conn) { io.WriteString(conn, "s3cret\r\n") })
	d := c.Examine(t.Context(), target(t, "http://"+address))
	assert.Contains(t, d.Says, "xxxxx")
}
