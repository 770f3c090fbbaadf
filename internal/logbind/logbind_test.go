package logbind_test

import (
	"bytes"
	"context"
	"io"
	"reflect"
	"testing"
	"unsafe"

	"example.com/clew/internal/logbind"
	"example.com/clew/internal/testkit"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOf(t *testing.T) {
	bound := logbind.Bind(t.Context(), testkit.Hooked(io.Discard))
	plain := zerolog.New(io.Discard)
	for _, tt := range []struct {
		name           string
		ctx            context.Context
		hooked, stored bool
	}{
		{"no logger", t.Context(), false, false},
		{"bound", bound, true, true},
		{"bound for a debug trace", logbind.BindDebug(t.Context(), testkit.Hooked(io.Discard)), true, true},
		{"bound again", logbind.Rebind(bound), true, true},
		{"stored", plain.WithContext(t.Context()), false, true},
		{"stored over a bound logger", plain.WithContext(bound), false, true},
		{"stored, and bound again", logbind.Rebind(plain.WithContext(bound)), false, true},
		{"bound over a stored logger", logbind.Bind(plain.WithContext(t.Context()), testkit.Hooked(io.Discard)), true, true},
		{"disabled", logbind.Bind(t.Context(), testkit.Hooked(io.Discard).Level(zerolog.Disabled)), true, true},
		{"stored, disabled", plain.Level(zerolog.Disabled).WithContext(bound), false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, hooked, stored := logbind.Of(tt.ctx)
			assert.Equal(t, tt.hooked, hooked, "hooked")
			assert.Equal(t, tt.stored, stored, "stored")
			if stored {
				assert.Same(t, zerolog.Ctx(tt.ctx), l, "logger that Of returns")
			} else {
				assert.Same(t, logbind.Fallback(), l, "logger that Of returns")
			}
		})
	}
}

// Some programs read contexts from context.WithValue by reflection, and fiber copies them. A bound
// context has the same first fields, and the logger is the value.
func TestBoundBeginsAsAValueContext(t *testing.T) {
	var out bytes.Buffer
	ctx := logbind.Bind(t.Context(), testkit.Hooked(&out))
	type key struct{}
	like, link := reflect.TypeOf(context.WithValue(t.Context(), key{}, "")).Elem(), reflect.ValueOf(ctx).Elem()
	var fields [3]any
	for i := range fields {
		want, got := like.Field(i), link.Type().Field(i)
		require.Equal(t, want.Name, got.Name, "name of field %d", i)
		require.Equal(t, want.Type, got.Type, "type of %s", want.Name)
		require.Equal(t, want.Offset, got.Offset, "place of %s", want.Name)
		field := link.Field(i)
		fields[i] = reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Interface()
	}
	assert.Same(t, t.Context(), fields[0], "field with the context inside")
	assert.Same(t, zerolog.Ctx(ctx), fields[2], "field with the value")
	assert.Same(t, zerolog.Ctx(ctx), zerolog.Ctx(context.WithValue(t.Context(), fields[1], fields[2])), "logger of a copy that has the same key and value")
}
