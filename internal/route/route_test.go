package route_test

import (
	"context"
	"testing"

	"example.com/clew/internal/route"
	"github.com/stretchr/testify/assert"
)

func TestCell(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(c *route.Cell)
		want string
	}{
		{"empty", func(*route.Cell) {}, ""},
		{"set", func(c *route.Cell) { c.Set("/a") }, "/a"},
		{"the longest stays", func(c *route.Cell) { c.Set("/a"); c.Set("/a/b"); c.Set("/c") }, "/a/b"},
		{"of two with the same length, the first stays", func(c *route.Cell) { c.Set("/a"); c.Set("/b") }, "/a"},
		{"a template with an open end is replaced", func(c *route.Cell) { c.Set("/a/{all_the_rest...}"); c.Set("/a/b") }, "/a/b"},
		{"a template with an open end replaces no other", func(c *route.Cell) { c.Set("/a/b"); c.Set("/a/{all_the_rest...}"); c.Set("/a/very/long/") }, "/a/b"},
		{"the length of the host is ignored", func(c *route.Cell) { c.Set("long.host.example/a"); c.Set("/a/b") }, "/a/b"},
		{"an empty template is ignored", func(c *route.Cell) { c.Set("/a"); c.Set("") }, "/a"},
		{"offered", func(c *route.Cell) { c.Offer("/a") }, "/a"},
		{"offered twice", func(c *route.Cell) { c.Offer("/a"); c.Offer("/a/b") }, "/a"},
		{"nothing offered", func(c *route.Cell) { c.Offer(""); c.Offer("/a") }, "/a"},
		{"set, then offered", func(c *route.Cell) { c.Set("/a"); c.Offer("/a/b") }, "/a"},
		{"offered, then set", func(c *route.Cell) { c.Offer("/a"); c.Set("/a/b") }, "/a/b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c route.Cell
			tt.do(&c)
			assert.Equal(t, tt.want, c.Get())
		})
	}
}

func TestOf(t *testing.T) {
	var none context.Context
	assert.Nil(t, route.Of(none))
	assert.Nil(t, route.Of(t.Context()))
	c := new(route.Cell)
	assert.Same(t, c, route.Of(context.WithValue(t.Context(), route.Key{}, c)))
}
