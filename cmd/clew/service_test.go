package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestServiceOf(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	tests := []struct{ name, path, want string }{
		{"a log", "/var/log/shop.log", "shop"},
		{"without an extension", "/var/log/syslog", "syslog"},
		{"rotated and compressed", "shop.log.12.gz", "shop"},
		{"rotated by day", "shop-2026-11-25T10-11-12.123.log.zst", "shop"},
		{"two extensions", "logs/shop.json.LOG", "shop"},
		{"a file of the kubelet", "/var/log/pods/prod_shop-7d9f8c6b5-x2x9z_" + hash + "/shop/0.log.20261125-101112.gz", "shop"},
		{"a link that the kubelet makes", "/var/log/containers/shop-7d9f8c6b5-x2x9z_prod_shop-" + hash + ".log", "shop"},
		{"a file of Docker", "/var/lib/docker/containers/" + hash + "/" + hash + "-json.log", "0123456789ab"},
		{"any extension of a log", "shop.logfmt", "shop"},
		{"dots", "a.b.log", "a.b"},
		{"nothing but an extension", ".log", ""},
		{"the root", "/", ""},
		{"a number in the root", "/7.log", ""},
		{"standard input", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, serviceOf(&source{path: tt.path, rotated: rotation(tt.path)}))
		})
	}
}
