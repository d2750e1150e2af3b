package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery"
	pc "github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/core"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/plugins/webapi/agent"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/plugins/webapi/connector"
	"github.com/flyteorg/flyte/flytestdlib/config"
	"github.com/flyteorg/flyte/flytestdlib/promutils"
	"github.com/flyteorg/flyte/flytestdlib/storage"
)

// typeRegistry knows the task types that ListAgents announced.
type typeRegistry interface{ ContainTaskType(string) bool }

// registerPlugin configures the plugin and registers it; its registry and its id.
func registerPlugin(target string) (typeRegistry, string) {
	switch *pluginKind {
	case "connector":
		cfg := *connector.GetConfig()
		cfg.DefaultConnector.Endpoint = target
		cfg.WebAPI.Caching.ResyncInterval = config.Duration{Duration: *resync}
		cfg.PollInterval = config.Duration{Duration: *registryPoll}
		if *rpcTimeout > 0 {
			cfg.DefaultConnector.DefaultTimeout = config.Duration{Duration: *rpcTimeout}
		}
		if err := connector.SetConfig(&cfg); err != nil {
			die("%v", err)
		}
		service := &connector.ConnectorService{}
		connector.RegisterConnectorPlugin(service)
		return service, connector.ID
	case "agent":
		cfg := *agent.GetConfig()
		cfg.DefaultAgent.Endpoint = target
		cfg.WebAPI.Caching.ResyncInterval = config.Duration{Duration: *resync}
		cfg.PollInterval = config.Duration{Duration: *registryPoll}
		if *rpcTimeout > 0 {
			cfg.DefaultAgent.DefaultTimeout = config.Duration{Duration: *rpcTimeout}
		}
		if err := agent.SetConfig(&cfg); err != nil {
			die("%v", err)
		}
		service := &agent.AgentService{}
		agent.RegisterAgentPlugin(service)
		return service, agent.ID
	}
	die("--plugin agent|connector")
	return nil, ""
}

// loads counts the plugins made so far: metrics may not be registered twice under one name.
var loads int

// loadPlugin makes a new plugin with an empty cache, as a restarted Propeller does.
func loadPlugin(ctx context.Context, id string) pc.Plugin {
	for _, entry := range pluginmachinery.PluginRegistry().GetCorePlugins() {
		if entry.ID == id {
			loads++
			plugin, err := entry.LoadPlugin(ctx, setupContext{scope: promutils.NewScope(fmt.Sprintf("drive%d", loads))})
			if err != nil {
				die("LoadPlugin: %v", err)
			}
			return plugin
		}
	}
	die("plugin %s is not registered", id)
	return nil
}

// newStore makes the metadata store and says under which prefix it keeps executions.
func newStore() (*storage.DataStore, string) {
	cfg := &storage.Config{Type: storage.TypeMemory, Limits: storage.LimitsConfig{GetLimitMegabytes: 100}}
	base := "mem://drive/metadata"
	if dir, ok := strings.CutPrefix(*storageFlag, "local:"); ok {
		cfg.Type, cfg.InitContainer = storage.TypeStow, "drive"
		cfg.Stow = storage.StowConfig{Kind: "local", Config: map[string]string{"path": dir}}
		_ = os.MkdirAll(dir+"/drive", 0o755)
		base = "file://drive/metadata"
	} else if s3, ok := strings.CutPrefix(*storageFlag, "s3:"); ok {
		parts := strings.Split(s3, ",")
		if len(parts) != 4 {
			die("--storage s3:ENDPOINT,ACCESS_KEY,SECRET,BUCKET")
		}
		cfg.Type, cfg.InitContainer = storage.TypeStow, parts[3]
		cfg.Stow = storage.StowConfig{Kind: "s3", Config: map[string]string{"auth_type": "accesskey", "access_key_id": parts[1],
			"secret_key": parts[2], "region": "us-east-1", "endpoint": parts[0], "disable_ssl": "true", "v2_signing": "false"}}
		base = "s3://" + parts[3] + "/metadata"
	}
	store, err := storage.NewDataStore(cfg, promutils.NewScope("drive_store"))
	if err != nil {
		die("storage: %v", err)
	}
	if *prefix != "" {
		base = *prefix
	}
	return store, base
}
