package logctx

import (
	"context"

	"github.com/sirupsen/logrus"
)

type holder struct {
	log *logrus.Logger
	any logrus.FieldLogger
}

func (h holder) logruses(ctx context.Context) {
	logrus.Info("global")                     // want `logrus.Info without the context at hand: use WithContext\(ctx\)\.Info`
	logrus.WithField("k", "v").Warnf("%d", 1) // want `logrus.Warnf without`
	h.log.Infoln("field")                     // want `logrus.Infoln without`
	h.any.Info("interface")                   // want `use WithFields\(nil\)\.WithContext\(ctx\)\.Info`

	logrus.WithContext(ctx).Info("given")
	logrus.WithField("k", "v").WithContext(ctx).Info("given")
	entry := h.log.WithContext(ctx)
	entry.WithField("k", "v").Info("given")
	logrus.SetLevel(1)
}
