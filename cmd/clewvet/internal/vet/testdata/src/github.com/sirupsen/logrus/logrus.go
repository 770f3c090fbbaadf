package logrus

import "context"

type Entry struct{}

func (e *Entry) Info(a ...any)                          {}
func (e *Entry) Warnf(format string, a ...any)          {}
func (e *Entry) Infoln(a ...any)                        {}
func (e *Entry) WithContext(ctx context.Context) *Entry { return e }
func (e *Entry) WithField(key string, value any) *Entry { return e }

type Logger struct{}

func (l *Logger) Infoln(a ...any)                        {}
func (l *Logger) WithContext(ctx context.Context) *Entry { return nil }

type Fields map[string]any

type FieldLogger interface {
	Info(a ...any)
	WithFields(fields Fields) *Entry
}

func Info(a ...any)                          {}
func Warnf(format string, a ...any)          {}
func SetLevel(level int)                     {}
func WithContext(ctx context.Context) *Entry { return nil }
func WithField(key string, value any) *Entry { return nil }

func NewEntry(l *Logger) *Entry { return nil }
