package servicemap_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/clew/cmd/clew/internal/servicemap"
)

func TestTemplate(t *testing.T) {
	for path, want := range map[string]string{
		"":                 "",
		"/":                "/",
		"/media/123":       "/media/{…}",
		"/media/123/":      "/media/{…}/",
		"media/1.5":        "media/{…}",
		"/v1/items/oauth2": "/v1/items/oauth2",
		"/users/550e8400-e29b-41d4-a716-446655440000/pay": "/users/{…}/pay",
		"/users/deadbeef":              "/users/deadbeef",
		"/users/deadbeef42":            "/users/{…}",
		"/users/cafe":                  "/users/cafe",
		"/days/2026-11-26":             "/days/{…}",
		"/files/aVeryLongNameOf1File":  "/files/{…}",
		"/files/averylongnameofafile":  "/files/averylongnameofafile",
		"/a/b/c/d/e/f/g/h/i/j":         "/a/b/c/d/e/f/g/h/…",
		"//x":                          "//x",
		"/q/\xff\xfe":                  "/q/\xff\xfe",
		"/s/cus_9s6XKzkNRiz8i3":        "/s/{…}",
		"/catalog/autumn-sale-of-year": "/catalog/autumn-sale-of-year",
	} {
		assert.Equal(t, want, string(servicemap.AppendTemplate(nil, path)), path)
	}
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]string{
		"": "(no host)", "Bank.example": "bank.example", "bank.example:443": "bank.example", "bank:80": "bank", "db:5432": "db:5432", "[::1]:8080": "[::1]:8080",
	} {
		assert.Equal(t, want, servicemap.OutsideName(host), host)
	}
	for host, want := range map[string]string{
		"price": "price", "price:8080": "price", "price.prod.svc.cluster.local:8080": "price", "eu.price": "", "a.price.b": "", "shop.price.svc:1": "shop",
		"shop.price": "shop", "pricey": "", "my.service": "my.service", "my.service:1": "my.service", "[::1]:80": "", "127.0.0.1:80": "", "": "",
	} {
		assert.Equal(t, want, servicemap.ServiceNamed(host, "shop", "price", "my.service"), host)
	}
}

func TestPacked(t *testing.T) {
	exact := []int64{0, 1, 999, 1<<30 - 1, 4711 * int64(time.Microsecond), 17 * int64(time.Minute), 300 * int64(time.Hour)}
	for _, n := range exact {
		assert.Equal(t, n, servicemap.Packed(n))
	}
	assert.Zero(t, servicemap.Packed(-1))
	for _, n := range []int64{1<<30 + 1, math.MaxInt32 * 1000, math.MaxInt64 / 10} {
		assert.InEpsilon(t, n, servicemap.Packed(n), 1e-6)
	}
	assert.Positive(t, servicemap.Packed(math.MaxInt64))
}

func TestMayServe(t *testing.T) {
	for _, tt := range []struct {
		request, call string
		want          bool
	}{
		{"GET /price/{id}", "GET /price/{…}", true},
		{"GET /price/{id}", "GET /price/red", true},
		{"GET /price/{id}", "GET /healthz", false},
		{"GET /price/{id}", "GET /price", false},
		{"GET /price/{id}", "GET /price/{…}/parts", false},
		{"GET /price/{id}", "POST /price/{…}", false},
		{"GET /price/:id", "GET /price/red", true},
		{"/price/{id}", "GET /price/{…}", true},
		{"GET shop.example/price/{id}", "GET /price/{…}", true},
		{"GET /files/{path...}", "GET /files/a/b", true},
		{"GET /files/", "GET /files/a/b", true},
		{"GET /", "GET /", true},
		{"GET /{$}", "GET /", true},
		{"GET /{$}", "GET /healthz", false},
		{"GET", "GET /x", true},
		{"GET /x", "GET", true},
		{"GET /x", "", true},
		{"", "GET /x", true},
		{"GET /a/b/c/d/e/f/g/h/…", "GET /a/b/c/d/e/f/g/h/…", true},
	} {
		assert.Equal(t, tt.want, servicemap.MayServe(tt.request, tt.call), "%s for %s", tt.request, tt.call)
	}
}
