/* Another module, which has the names CL.THROTTLE and BF.ADD before ours asks for them. */

typedef int (*get_api)(const char *name, void *function);
typedef int (*command)(void *ctx, void **argv, int argc);

static void (*set_attributes)(void *ctx, const char *name, int version, int api);
static int (*create_command)(void *ctx, const char *name, command run, const char *flags, int first, int last,
                             int step);
static int (*reply)(void *ctx, const char *status);

static int answer(void *ctx, void **argv, int argc) {
    (void)argv, (void)argc;
    return reply(ctx, "other");
}

int RedisModule_OnLoad(void *ctx, void **argv, int argc) {
    (void)argv, (void)argc;
    /* The context begins with the function that finds the others. */
    get_api get = *(get_api *)ctx;
    get("RedisModule_SetModuleAttribs", &set_attributes);
    get("RedisModule_CreateCommand", &create_command);
    get("RedisModule_ReplyWithSimpleString", &reply);
    set_attributes(ctx, "other", 1, 1);
    return create_command(ctx, "cl.throttle", answer, "write", 1, 1, 1) ||
           create_command(ctx, "bf.add", answer, "write", 1, 1, 1);
}
