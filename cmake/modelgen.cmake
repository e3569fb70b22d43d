# Generates the C++ of every service in BERTH_SERVICES from AWS's schemas. Sets BERTH_MODEL_SOURCES and
# BERTH_HANDLER_SOURCES. A line in a service's operations.txt regenerates that service alone.
find_program(NODE node REQUIRED)
set(BERTH_SERVICES sts ssm iam ec2 elbv2 ecs ecr codebuild events s3 logs cloudwatch autoscaling sns servicediscovery
                   cloudformation)
set(BERTH_GENERATED ${CMAKE_BINARY_DIR}/generated)
set(modelgen ${CMAKE_SOURCE_DIR}/tools/modelgen)

file(SHA256 ${modelgen}/package-lock.json wanted_schemas)
set(installed_schemas none)
if(EXISTS ${BERTH_DEPS}/models/package-lock.json)
  file(SHA256 ${BERTH_DEPS}/models/package-lock.json installed_schemas)
endif()
if(NOT wanted_schemas STREQUAL installed_schemas)
  message(FATAL_ERROR "AWS's schemas below ${BERTH_DEPS} are not those of tools/modelgen: run scripts/setup")
endif()

foreach(service ${BERTH_SERVICES})
  set(outputs ${BERTH_GENERATED}/model/${service}.h ${BERTH_GENERATED}/model/${service}.cpp
              ${BERTH_GENERATED}/handlers/${service}.h ${BERTH_GENERATED}/handlers/${service}.cpp)
  set(operations ${CMAKE_SOURCE_DIR}/src/services/${service}/operations.txt)
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND ${NODE} ${modelgen}/generate.mjs ${service} ${modelgen}/services.json ${operations}
            ${BERTH_DEPS}/models ${BERTH_GENERATED}
    COMMAND ${CMAKE_COMMAND} -E touch_nocreate ${outputs}
    DEPENDS ${modelgen}/generate.mjs ${modelgen}/schema.mjs ${modelgen}/services.json ${operations}
    COMMENT "Generating ${service} from AWS's schema"
    VERBATIM)
  list(APPEND BERTH_MODEL_SOURCES ${BERTH_GENERATED}/model/${service}.cpp)
  list(APPEND BERTH_HANDLER_SOURCES ${BERTH_GENERATED}/handlers/${service}.cpp)
  list(APPEND generated_headers ${BERTH_GENERATED}/model/${service}.h ${BERTH_GENERATED}/handlers/${service}.h)
endforeach()
add_custom_target(modelgen DEPENDS ${generated_headers})
